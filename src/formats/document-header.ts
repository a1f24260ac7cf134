/** What a format may say of a document as a whole. */
export interface DocumentHeader {
  /** As people know it: the path below the listed folder. */
  readonly documentPath: string;
  /** Lower-case hex SHA-1 of the PDF. */
  readonly sha1: string;
  readonly pageCount: number;
  /** Tesseract codes joined by `+`. */
  readonly language: string;
  readonly engine: string;
  readonly engineVersion: string;
  readonly programVersion: string;
}
