import snappy from "snappy"

export const answer = async () => snappy.uncompress(await snappy.compress("hello"), { asBuffer: false })
