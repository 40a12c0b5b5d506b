#pragma once

#include "base/result.hpp"

#include <initializer_list>
#include <string_view>

namespace mybuild {

/// A library that is opened when it is first needed, so that builds which do not need it do not
/// pay for its start. It stays open for the rest of the process (dlopen(3)).
class SharedLibrary {
  public:
    /// The first of `names` (sonames) that can be opened. None: ErrorCode::unsupported, with the
    /// hint to install `package`.
    static Result<SharedLibrary> open(std::initializer_list<const char*> names,
                                      std::string_view package);

    /// Sets `function` to the library's function of that name. Missing: ErrorCode::unsupported,
    /// which says that the library is too old.
    template <class Function>
    Status find(const char* name, Function& function) const {
        TRY_ASSIGN(void* const symbol, this->symbol(name));
        function = reinterpret_cast<Function>(symbol);
        return {};
    }

  private:
    SharedLibrary(void* handle, const char* name) : m_handle(handle), m_name(name) {}
    Result<void*> symbol(const char* name) const;

    void* m_handle;
    const char* m_name;
};

} // namespace mybuild
