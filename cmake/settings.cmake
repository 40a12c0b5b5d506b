# Settings every target shares: warnings, sanitizers, a fast linker, ccache.
add_library(mybuild_settings INTERFACE)
target_include_directories(mybuild_settings INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(mybuild_settings INTERFACE
    MYBUILD_VERSION="${PROJECT_VERSION}" _FILE_OFFSET_BITS=64)
target_compile_options(mybuild_settings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
    -Woverloaded-virtual -Wnull-dereference -Wformat=2 -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 sees uninitialised values in std::optional and std::variant, and overlapping copies in
    # std::string, that are not there (GCC bugs 105562, 80635, 105329); clang and the sanitizer runs
    # cover these.
    target_compile_options(mybuild_settings INTERFACE
        -Wno-maybe-uninitialized -Wno-null-dereference -Wno-restrict)
endif()
if(MYBUILD_WERROR)
    target_compile_options(mybuild_settings INTERFACE -Werror)
endif()
if(MYBUILD_SANITIZE)
    target_compile_options(mybuild_settings INTERFACE
        -fsanitize=${MYBUILD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(mybuild_settings INTERFACE -fsanitize=${MYBUILD_SANITIZE})
endif()
if(MYBUILD_FUZZ)
    # Without coverage of the libraries the fuzzer would be guessing.
    target_compile_options(mybuild_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(MYBUILD_MOLD NAMES mold)
if(MYBUILD_MOLD)
    target_link_options(mybuild_settings INTERFACE -fuse-ld=mold)
endif()
find_program(MYBUILD_CCACHE NAMES ccache)
if(MYBUILD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${MYBUILD_CCACHE}")
endif()
