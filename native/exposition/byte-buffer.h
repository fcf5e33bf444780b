/*
 * A growable run of bytes from malloc, so that it can be handed to others who free() it. Whoever writes reserves the
 * most that it can need, writes through end() without further checks, and commits with set_end(): the memory that was
 * reserved and not written is never touched and so costs no page.
 */
#ifndef PCM_EXPOSITION_BYTE_BUFFER_H_
#define PCM_EXPOSITION_BYTE_BUFFER_H_

#include <cstddef>
#include <cstdlib>

namespace pcm {

class ByteBuffer {
  public:
    ByteBuffer() = default;
    ~ByteBuffer() {
        std::free(data_);
    }
    ByteBuffer(const ByteBuffer &) = delete;
    ByteBuffer &operator=(const ByteBuffer &) = delete;

    /* Makes room for `more` bytes behind those that are there; false, and nothing changed, where there is none. */
    bool Reserve(size_t more) noexcept {
        if (more <= capacity_ - size_)
            return true;
        const size_t wanted = size_ + more;
        if (wanted < size_)
            return false;
        char *grown = static_cast<char *>(std::realloc(data_, wanted));
        if (grown == nullptr)
            return false;
        data_ = grown;
        capacity_ = wanted;
        return true;
    }

    const char *data() const noexcept {
        return data_;
    }
    size_t size() const noexcept {
        return size_;
    }
    char *end() noexcept {
        return data_ + size_;
    }
    void set_end(const char *end) noexcept {
        size_ = static_cast<size_t>(end - data_);
    }

    /* Gives the bytes away, to be freed with free(); null where nothing was ever reserved. The buffer is empty then. */
    char *Release() noexcept {
        char *data = data_;
        data_ = nullptr;
        size_ = capacity_ = 0;
        return data;
    }

  private:
    char *data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

} // namespace pcm

#endif
