// Medians of what was measured in rounds.

export const quantile = (values, share) => {
  const sorted = values.filter((value) => value !== undefined && !Number.isNaN(value)).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]
  return below + (sorted[Math.ceil(position)] - below) * (position % 1)
}

export const median = (values) => quantile(values, 0.5)

/** The median of each number in a list of samples. */
export const medians = (samples) =>
  Object.fromEntries(
    Object.keys(samples[0] ?? {})
      .filter((name) => samples.some((sample) => typeof sample[name] === "number"))
      .map((name) => [name, median(samples.map((sample) => sample[name]))])
  )

/** The median over rounds of one sample against the other of the same round, which were measured one after the other. */
export const pairedRatio = (ours, theirs, of) =>
  median(ours.map((sample, round) => of(sample) / of(theirs[round] ?? Number.NaN)).filter(Number.isFinite))

/** The order of a round: every other one goes backwards, so that no subject always follows the same one. */
export const orderOf = (round, subjects) => (round % 2 === 0 ? subjects : [...subjects].reverse())
