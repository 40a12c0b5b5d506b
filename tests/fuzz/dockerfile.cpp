#include "base/render.hpp"
#include "parser/dump.hpp"
#include "parser/parse.hpp"

#include <cstdlib>

// Parsing any bytes: either errors or at least one stage, every error can be rendered, and what
// parsed can be shown.

using namespace mybuild;

namespace {

void check_onbuild(const StageAst& stage) {
    for (const auto& instruction : stage.instructions) {
        const auto* onbuild = std::get_if<Onbuild>(&instruction.body);
        if (!onbuild) continue;
        const auto again = parse_instruction_text(onbuild->text, {});
        if (again && again->span != Span{}) std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto source = std::make_shared<const Source>(
        "Dockerfile", std::string(reinterpret_cast<const char*>(data), size));
    const auto outcome = parse_dockerfile(source);
    if (outcome.errors.empty() == outcome.file.stages.empty() && outcome.errors.empty())
        std::abort();
    for (const auto& error : outcome.errors)
        if (!error.where || render(error).empty()) std::abort();
    for (const auto& warning : outcome.warnings)
        if (!warning.where || render_warning(warning).empty()) std::abort();
    if (!outcome.errors.empty()) return 0;
    if (dump(outcome.file).empty()) std::abort();
    for (const auto& stage : outcome.file.stages)
        check_onbuild(stage);
    return 0;
}
