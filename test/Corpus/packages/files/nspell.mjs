import dictionary from "dictionary-en"
import nspell from "nspell"

export const answer = () => {
  const spell = nspell(dictionary)
  return [spell.correct("colour"), spell.correct("color"), spell.suggest("helo").slice(0, 2)]
}
