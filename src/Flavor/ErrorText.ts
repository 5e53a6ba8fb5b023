/**
 * Failures as a part of other sentences.
 *
 * @since 0.1.0
 */

/**
 * The message of an error without its full stop and, unless it is a name, its capital.
 *
 * @category describing
 * @since 0.1.0
 */
export const errorClause = (error: Error): string =>
  error.message
    .trim()
    .replace(/\.$/, "")
    .replace(/^[A-Z](?=[a-z]* )/, (first) => first.toLowerCase())
