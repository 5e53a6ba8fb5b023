import pg from "pg"

export const answer = async () => {
  const failure = await new pg.Client("postgres://u:p@127.0.0.1:1/d").connect().catch((error) => error.code)
  return [failure, pg.escapeIdentifier('a"b'), pg.types.getTypeParser(23)("42")]
}
