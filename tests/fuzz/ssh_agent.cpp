#include "ssh/agent.hpp"
#include "ssh/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace mybuild::ssh;

namespace {

constexpr std::string_view key_text = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIM++ybigVYgen2xI0jYiK0ksrttBu9Vx83xbNlPk142x
-----END PRIVATE KEY-----
)";

} // namespace

/// The input is a request to an agent that holds one key. Every answer is a list, a signature or a
/// refusal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<PrivateKey> keys{PrivateKey::parse(key_text, "key").value()};
    const std::string_view request(reinterpret_cast<const char*>(data), size);
    const auto reply = answer(keys, request);
    const auto type = WireReader(reply).byte();
    if (type != 5 && type != 12 && type != 14) std::abort();
    if (type != 5 && !may_reach_agent(request)) std::abort();
    return 0;
}
