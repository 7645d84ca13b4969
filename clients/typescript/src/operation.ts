/** A named operation with one field, whose value is its result. */
export interface Operation {
  readonly name: string;
  readonly document: string;
  readonly field: string;
}
