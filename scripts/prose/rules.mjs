// The words that this project's prose avoids, each with what to write instead. `docs/vocabulary.md` has the nouns and
// verbs to use; this list catches the habits that made sentences hard to read.

/** Rules for everything a person reads: doc comments, messages, guides, names of tests. */
export const words = [
  [/\b(some|no|any)body\b/i, "name the actor: the caller, the process, the user, another deployer"],
  [/\b(whoever|whatever|whichever)\b/i, "name the actor or the thing"],
  [/\bwhat (is left|is there|it is|was there|came of)\b/i, "name the thing: leftovers, files, the outcome"],
  [/\b(is|are|was|were) at it\b/i, "is running, is in progress"],
  [/\bthat (is|are) to be\b/i, "say who does it: `the files to copy`"],
  [/\b(of|to|for|with|in) whom\b|\bof which\b/i, "split the sentence"],
  [/\bhas it that\b/i, "say the rule"],
  [/\b(tells?|told)\b/i, "returns, reports, says, shows"],
  [/\bleave \S+( \S+)? away\b/i, "omit"],
  [/\b(it|that|this|which) is no (?!longer\b|more\b)/i, "is not a"],
  [/\blooks? (how|whether|if)\b/i, "checks whether, reads the status"],
  [/\bhow (it|things?|a \w+) really (is|are|stands?)\b/i, "its actual status"],
  [/\bwhere (it|things?) stands?\b/i, "its status"],
  [/\btaken? back\b/i, "undo, undone"],
  [/\bgo(es)? together\b/i, "can be combined"],
  [/\bruns? go(es)?\b|\bgoing runs?\b/i, "is running, is in progress"],
  [/\bby then nobody\b|\bhears? of\b/i, "receives"]
]

/** How a doc comment may not begin: its subject is a noun, a verb in the third person for a function. */
export const openings = [
  [/^(What|How|Whether|Who|Where|When|Why)\b/, "open with a noun (`The digest of ...`) or a verb (`Returns ...`)"]
]

/** Where a word is right all the same: the file, a part of the text, and the reason. */
export const allowed = [
  { file: "scripts/prose/rules.mjs", text: "", reason: "the list itself" },
  { file: "docs/vocabulary.md", text: "", reason: "shows the words to avoid" },
  { file: "CHANGELOG.md", text: "", reason: "quotes old names" }
]
