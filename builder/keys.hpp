#pragma once

#include "builder/plan/steps.hpp"
#include "cache/key.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mybuild {

/// What a step asks for by itself, without its inputs: the fields of its own key
/// (architecture.md, idea 2). Nothing of the machine at hand is in it.
struct OwnKey {
    Digest digest;
    KeyFields fields;
};

/// What the command line says about all RUN steps, as far as it is part of what they are.
struct RunDefaults {
    std::string network = "default";           ///< of steps that do not say
    std::vector<std::string> added_hosts = {}; ///< --add-host: `name=address`, as given
};

/// `epoch`: SOURCE_DATE_EPOCH, which directories get that WORKDIR makes.
OwnKey own_key(const plan::Step& step, const oci::Platform& platform, const RunDefaults& defaults,
               std::optional<std::int64_t> epoch = {});

/// The definition key: the own key, the history text, the definition of what is copied (digest of
/// the context files, or the definition key of the stage they come from), chained to the parent's.
Digest definition_key(const Digest& parent, const OwnKey& own, const std::string& created_by,
                      const std::optional<Digest>& copied);

/// The content key: the own key and the contents of the inputs. `below`: content chain of the
/// layers the step sees. A step that changes the config alone has its history text in it, too,
/// since that is all it makes.
Digest content_key(const Digest& below, const OwnKey& own, const plan::Step& step,
                   const std::optional<Digest>& copied);

/// Where chains start: FROM an image (by the digest of its config), FROM scratch.
Digest base_definition(const std::optional<Digest>& image_id, const oci::Platform& platform);

/// FROM a named context: by the digest of all that is in it.
Digest context_definition(const Digest& content, const oci::Platform& platform);

/// The content chain with one more layer.
Digest content_chain(const Digest& below, const Digest& content_id);
/// The content chain of no layers.
Digest empty_content_chain();

} // namespace mybuild
