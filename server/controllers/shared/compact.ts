/** All but one field. */
export function without<T extends object, K extends keyof T & string>(fields: T, name: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name)) as Omit<T, K>;
}

/** Without the fields that are 0, "", undefined or an empty list: as Go's omitempty writes a status. */
export function compact<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== undefined && value !== 0 && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  ) as Partial<T>;
}
