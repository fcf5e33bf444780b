/*
 * See the header. The most that a scrape can need is known before its first byte is written, so it is reserved once and
 * the loops that write have neither checks nor growing in them.
 */
#include "rendition.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <utility>

#include "renderer.h"

namespace pcm {
namespace {

constexpr char kEnd[] = "# EOF\n"; /* of OpenMetrics */

std::string TextOf(pcm_bytes bytes) {
    return {bytes.data, bytes.size};
}

bool IsSame(const FamilyNames &one, const FamilyNames &other) {
    return one.name.text == other.name.text && one.is_shadowed == other.is_shadowed;
}

} // namespace

void Rendition::Clear() noexcept {
    families_.clear();
    series_count_ = 0;
    max_size_ = 0;
}

/* Where a family that has come changes what an earlier one is called, all of it begins anew. */
void Rendition::TakeInFamilies(const pcm_reader *reader) {
    const uint32_t count = pcm_reader_family_count(reader);
    if (families_.size() == count)
        return;
    std::vector<FamilyNames> names = ExposeNames(reader, format_);
    const auto is_same = [](const Family &family, const FamilyNames &now) { return IsSame(family.names, now); };
    if (!std::equal(families_.begin(), families_.end(), names.begin(), is_same))
        Clear();
    for (auto i = static_cast<uint32_t>(families_.size()); i < count; i++) {
        auto output = MakeFamilyOutput(format_.syntax, *pcm_reader_family(reader, i), names[i]);
        families_.push_back({std::move(names[i]), std::move(output)});
        max_size_ += families_.back().output->max_size();
    }
}

int Rendition::TakeInSeries(const pcm_reader *reader) {
    const uint32_t count = pcm_reader_series_count(reader);
    while (series_count_ < count) {
        if (series_count_ % kObservationsAtATime == 0)
            pcm_reader_give_way(reader, std::min(kObservationsAtATime, count - series_count_) * kWorkOfObservations);
        const pcm_series_view series = pcm_reader_series(reader, series_count_);
        if (series.is_removed) {
            series_count_++;
            continue;
        }
        const uint32_t family = series.family;
        if (family >= families_.size())
            return PCM_OK;
        FamilyOutput &output = *families_[family].output;
        const size_t before = output.max_size();
        const size_t room = max_size_ < Renderer::kMaxSize ? Renderer::kMaxSize - max_size_ : 0;
        const int status = output.AddSeries(reader, series_count_, room);
        /* It was removed before its labels were copied. */
        if (status != PCM_OK && status != PCM_REMOVED)
            return status;
        max_size_ += output.max_size() - before;
        series_count_++;
    }
    return PCM_OK;
}

/* A failure half-way leaves what was taken in before. Pieces of removed series cannot be taken out. */
int Rendition::TakeIn(const pcm_reader *reader) {
    if (version_ != pcm_reader_version(reader))
        Clear();
    version_ = pcm_reader_version(reader);
    TakeInFamilies(reader);
    const int status = TakeInSeries(reader);
    return status == PCM_OK && max_size_ > Renderer::kMaxSize ? static_cast<int>(PCM_NO_MEMORY) : status;
}

int Rendition::Write(const pcm_reader *reader, const NameFilter &filter, ByteBuffer *out) const {
    std::vector<const FamilyOutput *> wanted;
    size_t size = sizeof kEnd;
    for (uint32_t i = 0; i < families_.size(); i++) {
        const pcm_family_definition &definition = *pcm_reader_family(reader, i);
        if (!filter.is_empty() && !filter.Passes(families_[i].names.name.text, definition.type) &&
            !filter.Passes(TextOf(definition.name), definition.type))
            continue;
        wanted.push_back(families_[i].output.get());
        size += families_[i].output->max_size() + families_[i].output->TakeInExemplars(reader);
    }
    if (!out->Reserve(size))
        return PCM_NO_MEMORY;
    char *end = out->end();
    for (const FamilyOutput *output : wanted) {
        const int status = output->Render(reader, &end);
        if (status != PCM_OK)
            return status;
    }
    if (format_.syntax == Syntax::kOpenMetrics) {
        std::memcpy(end, kEnd, sizeof kEnd - 1);
        end += sizeof kEnd - 1;
    }
    out->set_end(end);
    return PCM_OK;
}

int Rendition::Render(const pcm_reader *reader, const NameFilter &filter, ByteBuffer *out) noexcept {
    try {
        const int status = TakeIn(reader);
        return status == PCM_OK ? Write(reader, filter, out) : status;
    } catch (const std::exception &) {
        Clear();
        return PCM_NO_MEMORY;
    }
}

} // namespace pcm
