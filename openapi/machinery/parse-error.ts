/** The bytes are no document that we read. The message is that of Go's encoding/json or of its YAML reader. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
}
