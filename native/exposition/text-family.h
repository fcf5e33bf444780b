/*
 * A family as lines of text, for Prometheus' text formats and OpenMetrics. What the two have different:
 *
 *                            Prometheus text      OpenMetrics
 *     counter x_total        family x_total       family x, samples x_total and x_created
 *     counter x              counter              unknown, so that its series has the same name in every format
 *     bound of a bucket      le="1"               le="1.0"
 *     unit                   no line              a line, where the name ends with it, as it must
 *     negative bounds        sum and count        neither, as it must be
 *     creation               not there            x_created, for counters, histograms and summaries
 *     exemplars              not there            of counters, and of buckets of histograms
 *     untyped                untyped              unknown
 *     info x_info            gauge x_info         info x, sample x_info
 *     state set              gauge                stateset
 */
#ifndef PCM_EXPOSITION_TEXT_FAMILY_H_
#define PCM_EXPOSITION_TEXT_FAMILY_H_

#include <string>
#include <vector>

#include "exemplar-list.h"
#include "family-output.h"
#include "pieces.h"

namespace pcm {

/* What all kinds have in common: the heading, and how a line begins. */
class TextFamily : public FamilyOutput {
  public:
    int AddSeries(const pcm_reader *reader, uint32_t series, size_t room) final;
    size_t max_size() const noexcept final {
        return pieces_.size() + pieces_.value_count() * kMaxNumberSize;
    }
    size_t TakeInExemplars(const pcm_reader *reader) final;

  protected:
    /* Renders HELP, TYPE and UNIT; `type` is the word for the kind. */
    TextFamily(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names, const char *type);

    /* The most lines that AppendSeries makes. */
    virtual uint32_t max_lines() const noexcept = 0;
    /* Appends the lines of a series with AppendSample and AppendCreated. */
    virtual void AppendSeries(const std::string &labels, uint64_t created_at_ms) = 0;

    /* A line up to its value. `labels` and `extra`, such as le="1", may be empty. */
    void AppendSample(const char *suffix, const std::string &labels, const std::string &extra = {});
    /* A line of OpenMetrics that tells when a series was created; nothing in other syntaxes. */
    void AppendCreated(const std::string &labels, uint64_t created_at_ms);

    bool is_open_metrics() const noexcept {
        return syntax_ == Syntax::kOpenMetrics;
    }
    const Pieces &pieces() const noexcept {
        return pieces_;
    }
    const std::vector<uint32_t> &series() const noexcept {
        return series_;
    }
    const ExemplarList &exemplars() const noexcept {
        return exemplars_;
    }
    /* For those whose lines may have exemplars: `count` of each series, one for a bucket. */
    void set_exemplar_count(uint32_t count) noexcept {
        exemplar_count_ = count;
    }

  private:
    void AppendHeading(const pcm_family_definition &definition, const char *type);
    std::string LabelsOf(const pcm_reader *reader, uint32_t series) const;
    void AppendStart(const std::string &name, const std::string &labels, const std::string &extra);

    Syntax syntax_;
    FamilyNames names_;
    std::string family_name_;
    Pieces pieces_;
    std::vector<uint32_t> series_;
    uint32_t exemplar_count_ = 0;
    ExemplarList exemplars_;
};

/* What has one number: a line for each series. */
class TextNumbers final : public TextFamily {
  public:
    TextNumbers(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names);
    int Render(const pcm_reader *reader, char **out) const noexcept override;

  protected:
    uint32_t max_lines() const noexcept override {
        return 2;
    }
    void AppendSeries(const std::string &labels, uint64_t created_at_ms) override;

  private:
    bool has_created_;
};

} // namespace pcm

#endif
