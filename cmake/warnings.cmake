# One INTERFACE target carries the compiler's flags; every layer and program uses it.
add_library(flags INTERFACE)
target_compile_options(flags INTERFACE
  -Wall -Wextra -Wshadow -Wvla -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
  -Wconversion -Wno-sign-conversion
  $<$<BOOL:${WERROR}>:-Werror>)
target_compile_definitions(flags INTERFACE _GNU_SOURCE CHANCERY_VERSION="${PROJECT_VERSION}")
target_include_directories(flags INTERFACE ${CMAKE_SOURCE_DIR}/lib ${CMAKE_SOURCE_DIR})

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(flags INTERFACE -fstack-protector-strong -D_FORTIFY_SOURCE=2)
  target_link_options(flags INTERFACE -Wl,-z,relro,-z,now)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C)
endif()
