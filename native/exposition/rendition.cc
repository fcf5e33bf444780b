/*
 * See the header. The most that a scrape can need is known before its first byte is written, so it is reserved once and
 * the loops that write have neither checks nor growing in them.
 */
#include "rendition.h"

#include <cstring>
#include <exception>
#include <utility>

#include "renderer.h"

namespace pcm {
namespace {

constexpr char kEnd[] = "# EOF\n"; /* of OpenMetrics */

std::string TextOf(pcm_bytes bytes) {
    return {bytes.data, bytes.size};
}

/* The name that OpenMetrics gives to counters and infos; empty for others. */
std::string Shortened(const std::string &name) {
    for (const char *end : {"_total", "_info"}) {
        const size_t size = std::strlen(end);
        if (name.size() > size && name.compare(name.size() - size, size, end) == 0)
            return name.substr(0, name.size() - size);
    }
    return {};
}

} // namespace

void Rendition::Clear() noexcept {
    families_.clear();
    plain_.clear();
    escaped_.clear();
    shortened_.clear();
    series_count_ = 0;
    max_size_ = 0;
}

/*
 * Names that stay as they are come first: one that was escaped, or shortened for OpenMetrics, to the same before gives
 * way, by a new beginning.
 */
void Rendition::TakeInNames(const pcm_reader *reader) {
    const uint32_t count = pcm_reader_family_count(reader);
    for (uint32_t i = static_cast<uint32_t>(families_.size()); i < count; i++) {
        const pcm_bytes name = pcm_reader_family(reader, i)->name;
        std::string text = TextOf(name);
        if (ExposeFamilyName(name, format_.escaping).text != text)
            continue;
        const bool taken = escaped_.count(text) > 0 || shortened_.count(text) > 0;
        plain_.insert(std::move(text));
        if (taken) {
            Clear();
            TakeInNames(reader);
            return;
        }
    }
}

void Rendition::TakeInFamilies(const pcm_reader *reader) {
    const uint32_t count = pcm_reader_family_count(reader);
    if (families_.size() == count)
        return;
    TakeInNames(reader);
    for (uint32_t i = static_cast<uint32_t>(families_.size()); i < count; i++) {
        const pcm_family_definition &definition = *pcm_reader_family(reader, i);
        FamilyNames names{ExposeFamilyName(definition.name, format_.escaping), {}};
        if (names.name.text != TextOf(definition.name)) {
            if (plain_.count(names.name.text) > 0 || escaped_.count(names.name.text) > 0)
                names.name = ExposeFamilyName(definition.name, Escaping::kValues);
            escaped_.insert(names.name.text);
        }
        names.labels = ExposeLabelNames(definition, format_.escaping);
        if (format_.syntax == Syntax::kOpenMetrics) {
            const std::string shortened = Shortened(names.name.text);
            names.is_shadowed = plain_.count(shortened) > 0;
            shortened_.insert(shortened);
        }
        families_.push_back({names.name.text, MakeFamilyOutput(format_.syntax, definition, names)});
        max_size_ += families_.back().output->max_size();
    }
}

int Rendition::TakeInSeries(const pcm_reader *reader) {
    const uint32_t count = pcm_reader_series_count(reader);
    while (series_count_ < count) {
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
        if (!filter.is_empty() && !filter.Passes(families_[i].name, definition.type) &&
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
