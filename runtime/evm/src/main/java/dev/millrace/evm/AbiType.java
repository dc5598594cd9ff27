package dev.millrace.evm;

import java.util.Optional;

/** A type that an event parameter may have. Arrays and tuples are not among them. */
sealed interface AbiType {
  /** A whole number of so many bits. */
  record Whole(boolean signed, int bits) implements AbiType {
    @Override
    public String toString() {
      return (signed ? "int" : "uint") + bits;
    }
  }

  /** {@code bytes1} to {@code bytes32}. */
  record FixedBytes(int length) implements AbiType {
    @Override
    public String toString() {
      return "bytes" + length;
    }
  }

  /** The types without a size. */
  enum Plain implements AbiType {
    ADDRESS("address"),
    BOOL("bool"),
    BYTES("bytes"),
    STRING("string");

    private final String text;

    Plain(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** Whether its data lies behind the heads, with a length of its own. */
  default boolean isDynamic() {
    return this == Plain.BYTES || this == Plain.STRING;
  }

  /** Reads a type; {@code uint} and {@code int} have 256 bits. Empty if there is no such type. */
  static Optional<AbiType> of(String text) {
    for (Plain plain : Plain.values()) {
      if (plain.text.equals(text)) {
        return Optional.of(plain);
      }
    }
    if (text.equals("uint") || text.equals("int")) {
      return Optional.of(new Whole(text.equals("int"), 256));
    }
    if (text.matches("u?int[1-9][0-9]{0,2}")) {
      boolean signed = text.startsWith("int");
      int bits = Integer.parseInt(text.substring(signed ? 3 : 4));
      return bits % 8 == 0 && bits <= 256 ? Optional.of(new Whole(signed, bits)) : Optional.empty();
    }
    if (text.matches("bytes[1-9][0-9]?")) {
      int length = Integer.parseInt(text.substring(5));
      return length <= 32 ? Optional.of(new FixedBytes(length)) : Optional.empty();
    }
    return Optional.empty();
  }
}
