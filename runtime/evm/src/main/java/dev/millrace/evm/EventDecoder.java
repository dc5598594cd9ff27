package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes the record of an event from a log: every component is read from its word and passed to the
 * constructor, by one method handle that is put together when the definition is read.
 */
final class EventDecoder {
  private final EventSignature signature;
  private final MethodHandle decode;
  private final int heads;
  private final boolean exact;

  private EventDecoder(EventSignature signature, MethodHandle decode) {
    this.signature = signature;
    this.decode = decode;
    this.heads =
        Log.WORD * (int) signature.parameters().stream().filter(each -> !each.indexed()).count();
    this.exact =
        signature.parameters().stream()
            .noneMatch(each -> !each.indexed() && each.type().isDynamic());
  }

  /**
   * Puts a decoder together for a record whose components fit the signature.
   *
   * @throws ReflectiveOperationException if the record hides its constructor from us
   */
  static EventDecoder of(Class<?> type, EventSignature signature)
      throws ReflectiveOperationException {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types = Stream.of(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    MethodHandle constructor =
        MethodHandles.privateLookupIn(type, MethodHandles.lookup())
            .findConstructor(type, MethodType.methodType(void.class, types));
    MethodHandle[] readers = new MethodHandle[types.length];
    int topic = Log.WORD;
    int data = signature.topics() * Log.WORD;
    for (int i = 0; i < readers.length; i++) {
      EventSignature.Parameter parameter = signature.parameters().get(i);
      int at = parameter.indexed() ? topic : data;
      readers[i] =
          reader(parameter, types[i])
              .map(reader -> bound(reader, at, parameter.type()))
              .orElseThrow(() -> new NoSuchMethodException(parameter.toString()));
      if (parameter.indexed()) {
        topic += Log.WORD;
      } else {
        data += Log.WORD;
      }
    }
    MethodHandle decode =
        MethodHandles.permuteArguments(
            MethodHandles.filterArguments(constructor, 0, readers),
            MethodType.methodType(type, Log.class),
            new int[readers.length]);
    return new EventDecoder(
        signature, decode.asType(MethodType.methodType(Object.class, Log.class)));
  }

  /** Whether a component of this type can take what the parameter says. */
  static boolean fits(EventSignature.Parameter parameter, Class<?> type) {
    return reader(parameter, type).isPresent();
  }

  /** The types that a component may have for this parameter, for messages. */
  static String fitting(EventSignature.Parameter parameter) {
    return Stream.of(
            Address.class,
            boolean.class,
            String.class,
            Bytes32.class,
            Bytes.class,
            BigInteger.class,
            long.class,
            int.class)
        .filter(type -> fits(parameter, type))
        .map(Class::getSimpleName)
        .reduce((one, other) -> one + " or " + other)
        .orElse("");
  }

  Object decode(Log log) {
    int length = log.dataLength();
    if (length < heads || (exact && length != heads)) {
      throw new IllegalArgumentException(
          "data has the wrong length: expected=%d bytes=%d".formatted(heads, length));
    }
    try {
      return (Object) decode.invokeExact(log);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable checked) {
      throw new IllegalArgumentException(
          "record refuses its parameters: error=" + checked, checked);
    }
  }

  EventSignature signature() {
    return signature;
  }

  private static Optional<String> readerName(EventSignature.Parameter parameter, Class<?> type) {
    if (parameter.isHashed()) {
      return type == Bytes32.class ? Optional.of("word") : Optional.empty();
    }
    return Optional.ofNullable(
        switch (parameter.type()) {
          case AbiType.Plain plain -> plainReader(plain, type);
          case AbiType.FixedBytes(int length) -> fixedReader(length, type);
          case AbiType.Whole(boolean signed, int bits) -> wholeReader(signed, bits, type);
        });
  }

  private static @Nullable String plainReader(AbiType.Plain plain, Class<?> type) {
    return switch (plain) {
      case ADDRESS -> type == Address.class ? "address" : null;
      case BOOL -> type == boolean.class ? "bool" : null;
      case BYTES -> type == Bytes.class ? "bytes" : null;
      case STRING -> type == String.class ? "text" : null;
    };
  }

  private static @Nullable String fixedReader(int length, Class<?> type) {
    if (type == Bytes32.class) {
      return length == Bytes32.LENGTH ? "word" : null;
    }
    return type == Bytes.class ? "fixed" : null;
  }

  private static @Nullable String wholeReader(boolean signed, int bits, Class<?> type) {
    int used = signed ? bits : bits + 1; // with the sign that Java's types always have
    if (type == BigInteger.class) {
      return signed ? "signed" : "unsigned";
    }
    if (type == long.class && used <= Long.SIZE) {
      return signed ? "signedLong" : "unsignedLong";
    }
    if (type == int.class && used <= Integer.SIZE) {
      return signed ? "signedInt" : "unsignedInt";
    }
    return null;
  }

  private static Optional<MethodHandle> reader(EventSignature.Parameter parameter, Class<?> type) {
    return readerName(parameter, type)
        .map(name -> {
          boolean sized = parameter.type() instanceof AbiType.Whole || name.equals("fixed");
          MethodType form =
              sized
                  ? MethodType.methodType(type, Log.class, int.class, int.class)
                  : MethodType.methodType(type, Log.class, int.class);
          try {
            return MethodHandles.lookup().findStatic(Words.class, name, form);
          } catch (ReflectiveOperationException missing) {
            throw new IllegalStateException("reader is missing: name=" + name, missing);
          }
        });
  }

  private static MethodHandle bound(MethodHandle reader, int at, AbiType type) {
    if (reader.type().parameterCount() == 2) {
      return MethodHandles.insertArguments(reader, 1, at);
    }
    int size =
        switch (type) {
          case AbiType.Whole(_, int bits) -> bits;
          case AbiType.FixedBytes(int length) -> length;
          case AbiType.Plain _ -> 0;
        };
    return MethodHandles.insertArguments(reader, 1, at, size);
  }
}
