# Everything comes from the distribution; docs/decisions/ says why each one is here.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(nlohmann_json REQUIRED)
find_package(LibArchive REQUIRED) # headers only, as of CURL: opened when xz or bzip2 are to be read
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED) # headers only: the library is opened when a registry is first needed
pkg_check_modules(libgit2 REQUIRED libgit2>=1.5 libgit2<1.6) # headers only, opened likewise
pkg_check_modules(libssh REQUIRED libssh>=0.10) # headers only, opened likewise
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)
if(MYBUILD_TESTS)
    find_package(doctest REQUIRED)
endif()
