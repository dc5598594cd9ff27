package dev.millrace.abi;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Selects the reader of {@link AbiWordReader} that reads an elementary type as a Java type. All
 * readers have the form {@code (words, length, frame, at)}.
 */
final class ScalarReaders {
  private static final List<Class<?>> TYPES =
      List.of(
          Address.class,
          boolean.class,
          String.class,
          Bytes32.class,
          Bytes.class,
          BigInteger.class,
          long.class,
          int.class);
  private static final Class<?> WORDS = byte[].class;

  private ScalarReaders() {}

  /** Returns the reader; empty if this Java type cannot hold the ABI type. */
  static Optional<MethodHandle> find(AbiType type, Class<?> java) {
    return Optional.ofNullable(name(type, java)).map(name -> handle(name, type, java));
  }

  /** Returns the reader of a topic that holds a hash. */
  static Optional<MethodHandle> hash(Class<?> java) {
    return find(new AbiType.FixedBytes("bytes32", Bytes32.LENGTH), java)
        .filter(_ -> java == Bytes32.class);
  }

  /** The Java types that can hold this ABI type, for messages. */
  static String fitting(AbiType type) {
    return TYPES.stream()
        .filter(java -> name(type, java) != null)
        .map(Class::getSimpleName)
        .collect(Collectors.joining(" or "));
  }

  /** The Java types that can hold this ABI type as elements of a list, for messages. */
  static String boxedFitting(AbiType type) {
    return TYPES.stream()
        .filter(java -> name(type, java) != null)
        .map(java -> MethodType.methodType(java).wrap().returnType().getSimpleName())
        .collect(Collectors.joining(" or "));
  }

  private static @Nullable String name(AbiType type, Class<?> java) {
    return switch (type) {
      case AbiType.Plain plain -> plain(plain, java);
      case AbiType.FixedBytes(_, int length) -> fixed(length, java);
      case AbiType.Whole(boolean signed, int bits) -> whole(signed, bits, java);
      case AbiType.Sequence _, AbiType.Composite _ -> null;
    };
  }

  private static @Nullable String plain(AbiType.Plain plain, Class<?> java) {
    return switch (plain) {
      case ADDRESS -> java == Address.class ? "address" : null;
      case BOOL -> java == boolean.class ? "bool" : null;
      case BYTES -> java == Bytes.class ? "bytes" : null;
      case STRING -> java == String.class ? "text" : null;
    };
  }

  private static @Nullable String fixed(int length, Class<?> java) {
    if (java == Bytes32.class) {
      return length == Bytes32.LENGTH ? "word" : null;
    }
    return java == Bytes.class ? "fixed" : null;
  }

  private static @Nullable String whole(boolean signed, int bits, Class<?> java) {
    int used = signed ? bits : bits + 1; // Java's types always have a sign bit
    if (java == BigInteger.class) {
      return signed ? "signed" : "unsigned";
    }
    if (java == long.class && used <= Long.SIZE) {
      return signed ? "signedLong" : "unsignedLong";
    }
    if (java == int.class && used <= Integer.SIZE) {
      return signed ? "signedInt" : "unsignedInt";
    }
    return null;
  }

  private static MethodHandle handle(String name, AbiType type, Class<?> java) {
    MethodHandles.Lookup lookup = MethodHandles.lookup();
    MethodType form = MethodType.methodType(java, WORDS, int.class);
    try {
      if (type.isDynamic()) {
        return lookup.findStatic(
            AbiWordReader.class, name, form.appendParameterTypes(int.class, int.class));
      }
      MethodHandle reader =
          switch (name.equals("word") ? AbiType.Plain.ADDRESS : type) {
            case AbiType.Whole(_, int bits) -> sized(lookup, name, form, bits);
            case AbiType.FixedBytes(_, int length) -> sized(lookup, name, form, length);
            case AbiType _ -> lookup.findStatic(AbiWordReader.class, name, form);
          };
      return MethodHandles.dropArguments(reader, 1, int.class, int.class);
    } catch (ReflectiveOperationException missing) {
      throw new IllegalStateException("reader is missing: name=" + name, missing);
    }
  }

  private static MethodHandle sized(
      MethodHandles.Lookup lookup, String name, MethodType form, int size)
      throws ReflectiveOperationException {
    MethodHandle reader =
        lookup.findStatic(AbiWordReader.class, name, form.appendParameterTypes(int.class));
    return MethodHandles.insertArguments(reader, 2, size);
  }
}
