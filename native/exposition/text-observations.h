/*
 * Families whose series have buckets, as lines of text: histograms, native histograms and summaries. The count is the
 * sum of the buckets, so that it can never disagree with +Inf. OpenMetrics allows neither sum nor count where negative
 * values have buckets of their own.
 */
#ifndef PCM_EXPOSITION_TEXT_OBSERVATIONS_H_
#define PCM_EXPOSITION_TEXT_OBSERVATIONS_H_

#include <string>
#include <vector>

#include "text-family.h"

namespace pcm {

class TextObservations : public TextFamily {
  public:
    int Render(const pcm_reader *reader, char **out) const noexcept final;

  protected:
    TextObservations(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names, const char *type,
                     bool has_negative);

    uint32_t max_lines() const noexcept final {
        return static_cast<uint32_t>(line_labels_.size()) + 3;
    }
    void AppendSeries(const std::string &labels, uint64_t created_at_ms) final;

    /* Adds a line to each series, which has one more label, such as le="1". In the order of WriteLines. */
    void AddLine(const char *label, double value);
    /* Writes the values of these lines; `buckets` are not cumulated, `count` is their sum. */
    virtual void WriteLines(PieceWriter *writer, const int64_t *buckets, int64_t count,
                            ExemplarCursor *exemplars) const noexcept = 0;

  private:
    const char *line_suffix_;
    std::vector<std::string> line_labels_;
    uint32_t bucket_count_;
    bool has_sum_;
};

/* A line for each bound, and one for +Inf. */
class TextHistograms final : public TextObservations {
  public:
    TextHistograms(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names);

  protected:
    void WriteLines(PieceWriter *writer, const int64_t *buckets, int64_t count,
                    ExemplarCursor *exemplars) const noexcept override;

  private:
    uint32_t bound_count_;
};

/* A native histogram is in text what it is with every client: +Inf, sum and count. */
class TextNativeHistograms final : public TextObservations {
  public:
    TextNativeHistograms(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names);

  protected:
    void WriteLines(PieceWriter *writer, const int64_t *buckets, int64_t count,
                    ExemplarCursor *exemplars) const noexcept override;
};

/* A line for each quantile. */
class TextSummaries final : public TextObservations {
  public:
    TextSummaries(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names);

  protected:
    void WriteLines(PieceWriter *writer, const int64_t *buckets, int64_t count,
                    ExemplarCursor *exemplars) const noexcept override;

  private:
    pcm_exponential shape_{};
    std::vector<double> quantiles_;
};

} // namespace pcm

#endif
