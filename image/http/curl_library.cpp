#include "image/http/curl_library.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

namespace mybuild {

namespace {

void* open_library() {
    // Debian's two builds of the same library: with OpenSSL, with GnuTLS.
    for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"})
        if (void* handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) return handle;
    return nullptr;
}

template <class Function>
bool find(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(handle, name));
    return function != nullptr;
}

bool find_all(void* handle, CurlLibrary& curl) {
    return find(handle, "curl_global_init", curl.global_init) &&
           find(handle, "curl_easy_init", curl.easy_init) &&
           find(handle, "curl_easy_setopt", curl.easy_setopt) &&
           find(handle, "curl_easy_getinfo", curl.easy_getinfo) &&
           find(handle, "curl_easy_reset", curl.easy_reset) &&
           find(handle, "curl_easy_cleanup", curl.easy_cleanup) &&
           find(handle, "curl_easy_strerror", curl.easy_strerror) &&
           find(handle, "curl_slist_append", curl.slist_append) &&
           find(handle, "curl_slist_free_all", curl.slist_free_all) &&
           find(handle, "curl_multi_init", curl.multi_init) &&
           find(handle, "curl_multi_add_handle", curl.multi_add_handle) &&
           find(handle, "curl_multi_remove_handle", curl.multi_remove_handle) &&
           find(handle, "curl_multi_perform", curl.multi_perform) &&
           find(handle, "curl_multi_poll", curl.multi_poll) &&
           find(handle, "curl_multi_wakeup", curl.multi_wakeup) &&
           find(handle, "curl_multi_info_read", curl.multi_info_read) &&
           find(handle, "curl_multi_cleanup", curl.multi_cleanup) &&
           find(handle, "curl_multi_strerror", curl.multi_strerror);
}

Result<CurlLibrary> load() {
    void* handle = open_library();
    if (handle == nullptr) {
        const char* why = ::dlerror();
        return fail(Error{ErrorCode::unsupported, fmt::format("cannot load libcurl: {}",
                                                              why != nullptr ? why : "no reason")}
                        .with_hint("install it: apt-get install libcurl4"));
    }
    CurlLibrary curl;
    if (!find_all(handle, curl))
        return fail({ErrorCode::unsupported, "this libcurl is too old: 7.68 or later is needed"});
    if (const CURLcode code = curl.global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK)
        return fail({ErrorCode::unsupported,
                     fmt::format("cannot initialise libcurl: {}", curl.easy_strerror(code))});
    return curl;
}

} // namespace

const Result<CurlLibrary>& curl_library() {
    static const Result<CurlLibrary> library = load();
    return library;
}

} // namespace mybuild
