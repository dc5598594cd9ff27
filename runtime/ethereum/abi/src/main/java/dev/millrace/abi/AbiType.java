package dev.millrace.abi;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A type that an event parameter may have. */
public sealed interface AbiType {
  int WORD = 32;

  /** An integer of so many bits. */
  record Whole(boolean signed, int bits) implements AbiType {
    @Override
    public String toString() {
      return (signed ? "int" : "uint") + bits;
    }
  }

  /** {@code bytes1} to {@code bytes32}, and {@code function}, which is 24 bytes. */
  record FixedBytes(String name, int length) implements AbiType {
    @Override
    public String toString() {
      return name;
    }
  }

  /** Types without a size in their name. */
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

  /**
   * An array.
   *
   * @param count the fixed number of elements; {@link #ANY} if every log states its own
   */
  record Sequence(AbiType element, int count) implements AbiType {
    static final int ANY = -1;

    boolean isOpen() {
      return count == ANY;
    }

    @Override
    public String toString() {
      return element + (isOpen() ? "[]" : "[" + count + "]");
    }
  }

  /** A tuple; a struct in Solidity. */
  record Composite(List<EventSignature.Parameter> components) implements AbiType {
    public Composite {
      components = List.copyOf(components);
    }

    @Override
    public String toString() {
      return components.stream()
          .map(component -> component.type().toString())
          .collect(Collectors.joining(",", "(", ")"));
    }
  }

  /** True if the data lies behind the heads, with a length of its own. */
  default boolean isDynamic() {
    return switch (this) {
      case Whole _, FixedBytes _ -> false;
      case Plain plain -> plain == Plain.BYTES || plain == Plain.STRING;
      case Sequence sequence -> sequence.isOpen() || sequence.element().isDynamic();
      case Composite(List<EventSignature.Parameter> components) ->
          components.stream().anyMatch(component -> component.type().isDynamic());
    };
  }

  /** True if a topic holds the hash of the value, because the value may not fit one. */
  default boolean isHashedAsTopic() {
    return isDynamic() || this instanceof Sequence || this instanceof Composite;
  }

  /** Bytes that the value takes among the heads: all of it, or its offset. */
  default int headBytes() {
    if (isDynamic()) {
      return WORD;
    }
    return switch (this) {
      case Whole _, FixedBytes _, Plain _ -> WORD;
      case Sequence(AbiType element, int count) -> element.headBytes() * count;
      case Composite(List<EventSignature.Parameter> components) ->
          components.stream().mapToInt(component -> component.type().headBytes()).sum();
    };
  }

  /** Reads the name of an elementary type; {@code uint} and {@code int} have 256 bits. */
  static Optional<AbiType> of(String text) {
    for (Plain plain : Plain.values()) {
      if (plain.text.equals(text)) {
        return Optional.of(plain);
      }
    }
    if (text.equals("function")) {
      return Optional.of(new FixedBytes("function", 24));
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
      return length <= WORD ? Optional.of(new FixedBytes(text, length)) : Optional.empty();
    }
    return Optional.empty();
  }
}
