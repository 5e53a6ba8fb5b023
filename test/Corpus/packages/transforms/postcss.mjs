import autoprefixer from "autoprefixer"
import postcss from "postcss"

export const answer = () =>
  postcss([autoprefixer({ overrideBrowserslist: ["safari 8"] })]).process("a { user-select: none }", {
    from: undefined
  }).css
