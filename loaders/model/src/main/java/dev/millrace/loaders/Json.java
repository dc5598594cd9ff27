package dev.millrace.loaders;

/**
 * A JSON value in canonical text: no spaces, keys in order and once, numbers in plain notation
 * without needless zeros. Two values are equal when their texts are.
 */
public final class Json {
  public static final Json NULL = new Json("null");

  private final String text;

  private Json(String text) {
    this.text = text;
  }

  /**
   * Parses any JSON text. Refuses values that PostgreSQL could not hold (U+0000, numbers of more
   * than 1,000 digits) and numbers that would take far more memory without their exponents than the
   * text.
   */
  public static Json of(String text) {
    return new Json(new CanonicalJsonReader(text).canonical());
  }

  /** The canonical text. */
  public String text() {
    return text;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Json that && text.equals(that.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
