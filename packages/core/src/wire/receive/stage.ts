/**
 * The stages of the parser. A comment describes the input that a stage awaits. The code of a stage is in the
 * file that is named above its block, and each file has a range of numbers.
 *
 * The type of each stage is `number`. With literal types, the compiler would assume that a called function
 * leaves `Machine.stage` unchanged.
 */

// Stages of parser.ts that wait for bytes.
/** Before a message. Line breaks are skipped. */
export const IDLE: number = 0
/**
 * Before a request, after CR. LF must follow. Only parsers without the flag `leadingLineBreaks` have this
 * stage.
 */
export const IDLE_LF: number = 1
/** After a message that closes the connection. */
export const CLOSED: number = 2
/** After a message that closes the connection. Further bytes are ignored. */
export const IGNORE: number = 3
/** Inside a body framed by `Content-Length`. `Machine.remaining` bytes are left. */
export const BODY_LENGTH: number = 4
/** Inside a body framed by the end of the connection. */
export const BODY_CLOSE: number = 5
/** Inside a chunk's data. `Machine.remaining` bytes are left. */
export const CHUNK_DATA: number = 6

// Stages of requestLine.ts.
export const METHOD: number = 10
export const METHOD_SPACE: number = 11
export const TARGET_SPACES: number = 12
/** Inside the target. `Machine.part` is the part of the target (see target.ts). */
export const TARGET: number = 13
/** After the space that ended the target. A tab or form feed is refused here. */
export const TARGET_ENDED: number = 14
export const TARGET_ENDED_09: number = 15
export const TARGET_LF: number = 16
export const VERSION_SPACES: number = 17
export const REQUEST_PROTOCOL: number = 18
export const REQUEST_SLASH: number = 19
export const REQUEST_MAJOR: number = 20
export const REQUEST_DOT: number = 21
export const REQUEST_MINOR: number = 22
export const REQUEST_END: number = 23
export const REQUEST_LF: number = 24
export const HTTP2_PREFACE: number = 25
export const REQUEST_LAST: number = 25

// Stages of statusLine.ts.
export const STATUS_PROTOCOL: number = 30
export const STATUS_SLASH: number = 31
export const STATUS_MAJOR: number = 32
export const STATUS_DOT: number = 33
export const STATUS_MINOR: number = 34
export const STATUS_SPACE: number = 35
export const STATUS_DIGIT_1: number = 36
export const STATUS_DIGIT_2: number = 37
export const STATUS_DIGIT_3: number = 38
export const STATUS_AFTER_CODE: number = 39
export const REASON: number = 40
export const STATUS_LF: number = 41
export const STATUS_LAST: number = 41

// Stages of fieldLines.ts.
export const FIELDS_FIRST: number = 50
/** Directly after the start line. A space is refused with a special reason. */
export const FIELDS_START: number = 50
export const FIELD_START: number = 51
export const NAME: number = 52
/**
 * Inside the part of a name that follows a space (flag `spaceBeforeColon`). The field is not a framing field.
 */
export const NAME_PLAIN: number = 53
export const NAME_SPACE: number = 54
export const OWS: number = 55
export const OWS_CR: number = 56
/** After the line break of an empty value. A space or tab would continue the value. */
export const OWS_LINE: number = 57
export const VALUE_TEXT: number = 58
/** Inside a value with control bytes (flags `controlsInValues` and `nulInValues`). */
export const VALUE_LOOSE: number = 59
export const VALUE_LF: number = 60
/** After the line break of a value. A space or tab would continue the value. */
export const VALUE_LINE: number = 61
/** After the CR of the empty line that ends the section. */
export const SECTION_LF: number = 62

// Stages of framingFields.ts, which reads the values of framing fields byte by byte.
export const FRAMING_FIRST: number = 70
export const CONNECTION: number = 70
/**
 * Inside an option of `Connection`. `Machine.word` is the index of the known option, and `Machine.part` is
 * the number of its bytes that have matched.
 */
export const CONNECTION_WORD: number = 71
export const CONNECTION_WORD_END: number = 72
export const CONNECTION_OTHER: number = 73
export const LENGTH_DIGITS: number = 74
export const LENGTH_SPACES: number = 75
export const CODING: number = 76
export const CODING_CHUNKED: number = 77
export const CODING_OTHER: number = 78
export const CODING_SPACES: number = 79
export const FRAMING_LAST: number = 79
export const FIELDS_LAST: number = 79

// Stages of chunkLine.ts.
export const CHUNK_FIRST: number = 80
export const CHUNK_SIZE_FIRST: number = 80
export const CHUNK_SIZE: number = 81
export const CHUNK_SIZE_END: number = 82
export const EXTENSION: number = 83
export const EXTENSION_NAME: number = 84
export const EXTENSION_VALUE: number = 85
export const EXTENSION_QUOTED: number = 86
export const EXTENSION_ESCAPE: number = 87
export const EXTENSION_QUOTED_END: number = 88
export const CHUNK_LF: number = 89
/** After a chunk's data. A line break must follow. */
export const CHUNK_END: number = 90
export const CHUNK_END_LF: number = 91
export const CHUNK_LAST: number = 91

// Stages of parser.ts that need no bytes.
export const EAGER: number = 100
export const HEAD_COMPLETE: number = 100
export const FRAMING: number = 101
export const CHUNK_HEADER_COMPLETE: number = 102
export const MESSAGE_COMPLETE: number = 103
export const NEXT_MESSAGE: number = 104

// Stages of parser.ts after which nothing more is read.
export const ENDED: number = 110
export const STOPPED: number = 110
export const REFUSED: number = 111
