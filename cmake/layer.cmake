# layer(core USES base LIBS PkgConfig::sodium): a static library of every .c file in the folder of that
# name. A layer sees the layers it uses and nothing else: their headers are reached as "core/feed.h".
function(layer name)
  cmake_parse_arguments(L "" "FOLDER" "USES;LIBS;EXCEPT" ${ARGN})
  if(NOT L_FOLDER)
    set(L_FOLDER ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${L_FOLDER}/*.c)
  foreach(file IN LISTS L_EXCEPT)
    list(REMOVE_ITEM sources ${L_FOLDER}/${file})
  endforeach()
  if(NOT sources) # a layer may still be empty
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${name}_empty.c "typedef int empty;\n")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/${name}_empty.c)
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC flags ${L_USES} PRIVATE ${L_LIBS})
endfunction()

# program(hubd): folder/main.c on top of a layer <folder>_parts made of the folder's other files, so that
# tests and the fleet can link what a program is made of.
function(program name)
  cmake_parse_arguments(P "" "" "USES;LIBS" ${ARGN})
  layer(${name}_parts FOLDER ${CMAKE_CURRENT_SOURCE_DIR} EXCEPT main.c USES ${P_USES} LIBS ${P_LIBS})
  add_executable(${name} main.c)
  target_link_libraries(${name} PRIVATE ${name}_parts ${P_LIBS})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${name})
endfunction()
