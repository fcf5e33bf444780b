/* See the header. */
#include "family-output.h"

#include "protobuf-family.h"
#include "protobuf-observations.h"
#include "text-family.h"
#include "text-observations.h"

namespace pcm {
namespace {

std::unique_ptr<FamilyOutput> MakeProtobuf(const pcm_family_definition &definition, const FamilyNames &names) {
    switch (definition.type) {
    case PCM_HISTOGRAM:
        return std::make_unique<ProtobufHistograms>(definition, names);
    case PCM_NATIVE_HISTOGRAM:
        return std::make_unique<ProtobufNativeHistograms>(definition, names);
    case PCM_SUMMARY:
        return std::make_unique<ProtobufSummaries>(definition, names);
    default:
        return std::make_unique<ProtobufNumbers>(definition, names);
    }
}

std::unique_ptr<FamilyOutput> MakeText(Syntax syntax, const pcm_family_definition &definition,
                                       const FamilyNames &names) {
    switch (definition.type) {
    case PCM_HISTOGRAM:
        return std::make_unique<TextHistograms>(syntax, definition, names);
    case PCM_NATIVE_HISTOGRAM:
        return std::make_unique<TextNativeHistograms>(syntax, definition, names);
    case PCM_SUMMARY:
        return std::make_unique<TextSummaries>(syntax, definition, names);
    default:
        return std::make_unique<TextNumbers>(syntax, definition, names);
    }
}

} // namespace

std::unique_ptr<FamilyOutput> MakeFamilyOutput(Syntax syntax, const pcm_family_definition &definition,
                                               const FamilyNames &names) {
    return syntax == Syntax::kProtobuf ? MakeProtobuf(definition, names) : MakeText(syntax, definition, names);
}

} // namespace pcm
