import { franc } from "franc"
import natural from "natural"

export const answer = () => [
  natural.PorterStemmer.stem("running"),
  new natural.WordTokenizer().tokenize("a b"),
  franc("Das ist ein deutscher Satz.")
]
