package dev.millrace.loaders;

/** An accessor of a record threw: when the row was saved, or later. */
public final class AccessorException extends MillraceException {
  private static final long serialVersionUID = 1L;

  private final transient Object row;

  AccessorException(Object row, EntityColumn column, Throwable cause) {
    super(
        Remedy.FIX_HANDLER,
        "accessor failed: entity=%s field=%s error=%s"
            .formatted(row.getClass().getSimpleName(), column, described(cause)),
        cause);
    this.row = row;
  }

  /** The object that was saved, so that its event can be found. */
  public Object row() {
    return row;
  }

  private static String described(Throwable cause) {
    try {
      return cause.toString();
    } catch (RuntimeException | StackOverflowError _) {
      return cause.getClass().getName();
    }
  }
}
