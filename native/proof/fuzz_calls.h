/*
 * What the fuzzer does with a store whose bytes are anything: all that a sidecar and an application do, with changes of
 * the file between the steps. Calls may fail, but what they give has to be within its bounds.
 */
#ifndef PCM_PROOF_FUZZ_CALLS_H_
#define PCM_PROOF_FUZZ_CALLS_H_

#include <string>

#include "fuzz_file.h"

namespace fuzz {

/*
 * Makes a sound store: with families of each type and each kind of owner, and series of a process that has closed it, of
 * one that was killed, and of one that lives as long as this one does.
 */
void MakeStore(const std::string &path);

/* All that is known about a store, and all values of a reader. */
void Describe(pcm_store *store);
void ReadValues(pcm_reader *reader);

/* As a sidecar that scrapes. */
void Read(const std::string &path, File *file, Input *input);

/* As an application that counts, sets back, removes and makes, and reads what there is; an old boot's store is carried over. */
void Count(const std::string &path, File *file, Input *input);

} // namespace fuzz

#endif
