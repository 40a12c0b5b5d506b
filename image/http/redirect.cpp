#include "image/http/redirect.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

} // namespace

Result<std::optional<Url>> redirect_of(const Url& url, const HttpResponse& response) {
    if (!is_redirect(response.status)) return std::nullopt;
    auto next = resolve_url(url, response.header("Location"));
    if (!next)
        return fail(std::move(next).error().in(fmt::format("{} leads to nowhere", url.endpoint())));
    if (url.https && !next->https)
        return fail({ErrorCode::denied, fmt::format("{} leads from https to http ({}): refused",
                                                    url.endpoint(), next->endpoint())});
    return *std::move(next);
}

Error leads_in_circles(const Url& first) {
    return {ErrorCode::network, fmt::format("{} leads in circles: more than {} redirects",
                                            first.endpoint(), most_redirects)};
}

void drop_credentials(std::vector<HttpHeader>& headers) {
    std::erase_if(headers, [](const HttpHeader& header) {
        const auto name = lower_ascii(header.name);
        return name == "authorization" || name == "cookie";
    });
}

} // namespace mybuild
