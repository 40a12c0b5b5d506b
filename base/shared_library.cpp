#include "base/shared_library.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

namespace mybuild {

Result<SharedLibrary> SharedLibrary::open(std::initializer_list<const char*> names,
                                          std::string_view package) {
    for (const char* name : names)
        if (void* const handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL))
            return SharedLibrary(handle, name);
    const char* const why = ::dlerror();
    return fail(Error{ErrorCode::unsupported,
                      fmt::format("cannot load a library: {}", why != nullptr ? why : "no reason")}
                    .with_hint(fmt::format("install it: apt-get install {}", package)));
}

Result<void*> SharedLibrary::symbol(const char* name) const {
    void* const found = ::dlsym(m_handle, name);
    if (found == nullptr)
        return fail(
            {ErrorCode::unsupported, fmt::format("{} is too old: it has no {}", m_name, name)});
    return found;
}

} // namespace mybuild
