#include "base/shared_library.hpp"

#include <doctest/doctest.h>

using namespace mybuild;

TEST_CASE("a shared library that is there gives its functions") {
    const auto library = SharedLibrary::open({"libnot-there.so.1", "libm.so.6"}, "libc6");
    REQUIRE(library);
    double (*cube_root)(double) = nullptr;
    REQUIRE(library->find("cbrt", cube_root));
    CHECK(cube_root(27.0) == doctest::Approx(3.0));
    const auto missing = library->find("no_such_function", cube_root);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message == "libm.so.6 is too old: it has no no_such_function");
}

TEST_CASE("a shared library that is not there says what to install") {
    const auto library = SharedLibrary::open({"libnot-there.so.1"}, "libnot-there1");
    REQUIRE_FALSE(library);
    CHECK(library.error().code == ErrorCode::unsupported);
    CHECK(library.error().hint == "install it: apt-get install libnot-there1");
}
