#include "parser/size.hpp"

#include "parser/grammar/context.hpp"

namespace mybuild {

namespace x3 = grammar::x3;

std::optional<std::uint64_t> parse_size(std::string_view text) {
    struct Units : x3::symbols<int> {
        Units() { add("k", 10)("m", 20)("g", 30)("t", 40)("p", 50); }
    };
    static const Units units;
    const x3::real_parser<double, x3::strict_ureal_policies<double>> decimal{};
    double number = 0;
    int shift = 0;
    const auto set_number = [&](auto& ctx) { number = static_cast<double>(x3::_attr(ctx)); };
    const auto set_shift = [&](auto& ctx) { shift = x3::_attr(ctx); };
    auto at = text.data();
    const auto rule = (decimal[set_number] | x3::ulong_[set_number]) >> -x3::lit(' ') >>
                      -x3::no_case[units][set_shift] >> -x3::no_case[x3::lit('i')] >>
                      -x3::no_case[x3::lit('b')] >> x3::eoi;
    if (!x3::parse(at, at + text.size(), rule)) return std::nullopt;
    const double bytes =
        number * static_cast<double>(std::uint64_t{1} << static_cast<unsigned>(shift));
    if (!(bytes < 9.2e18)) return std::nullopt;
    return static_cast<std::uint64_t>(bytes);
}

} // namespace mybuild
