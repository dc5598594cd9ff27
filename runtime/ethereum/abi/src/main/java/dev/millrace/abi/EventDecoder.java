package dev.millrace.abi;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Optional;

/**
 * Creates the record of an event from the words of a log: one method handle, assembled when the
 * definition is read, reads every component at its offset and passes it to the constructor. Only
 * arrays and tuples take an extra step.
 */
public final class EventDecoder {
  private static final MethodType FORM =
      MethodType.methodType(Object.class, byte[].class, int.class);

  private final EventSignature signature;
  private final MethodHandle decode;
  private final int least;
  private final boolean exact;

  private EventDecoder(EventSignature signature, MethodHandle decode) {
    List<EventSignature.Parameter> parameters = signature.parameters();
    this.signature = signature;
    this.decode = decode;
    this.least = parameters.stream().mapToInt(EventSignature.Parameter::headBytes).sum();
    this.exact = parameters.stream().noneMatch(each -> !each.indexed() && each.type().isDynamic());
  }

  /**
   * Creates the decoder of a record and a signature and adds their mistakes to a list; empty if
   * there are any.
   */
  public static Optional<EventDecoder> read(
      Class<?> type, String signature, List<String> mistakes) {
    Optional<EventSignature> read =
        EventSignature.read(signature, what -> mistakes.add(type.getSimpleName() + " " + what));
    if (!type.isRecord()) {
      mistakes.add(type.getSimpleName() + " is not a record");
      return Optional.empty();
    }
    return read.flatMap(known -> of(type, known, mistakes));
  }

  private static Optional<EventDecoder> of(
      Class<?> type, EventSignature signature, List<String> mistakes) {
    int known = mistakes.size();
    RecordBinding binding = new RecordBinding(mistakes);
    List<NestedValueReader> readers =
        binding.parts(type, signature.parameters(), signature.asked());
    return mistakes.size() > known
        ? Optional.empty()
        : binding
            .constructor(type)
            .map(constructor ->
                new EventDecoder(signature, assembled(constructor, signature, readers)));
  }

  private static MethodHandle assembled(
      MethodHandle constructor, EventSignature signature, List<NestedValueReader> readers) {
    MethodHandle[] arguments = new MethodHandle[readers.size()];
    int topic = signature.anonymous() ? 0 : AbiType.WORD;
    int frame = signature.topics() * AbiType.WORD;
    int data = frame;
    for (int i = 0; i < arguments.length; i++) {
      EventSignature.Parameter parameter = signature.parameters().get(i);
      int at = parameter.indexed() ? topic : data;
      Class<?> component = constructor.type().parameterType(i);
      arguments[i] =
          MethodHandles.insertArguments(handle(readers.get(i)), 2, frame, at)
              .asType(MethodType.methodType(component, byte[].class, int.class));
      if (parameter.indexed()) {
        topic += AbiType.WORD;
      }
      data += parameter.headBytes();
    }
    int[] order = new int[2 * arguments.length];
    for (int i = 1; i < order.length; i += 2) {
      order[i] = 1;
    }
    MethodHandle joined = constructor;
    for (int i = arguments.length - 1; i >= 0; i--) {
      joined = MethodHandles.collectArguments(joined, i, arguments[i]);
    }
    return MethodHandles.permuteArguments(
        joined.asType(joined.type().changeReturnType(Object.class)), FORM, order);
  }

  private static MethodHandle handle(NestedValueReader reader) {
    if (reader instanceof NestedValueReader.Leaf(MethodHandle handle, _, _)) {
      return handle;
    }
    try {
      return MethodHandles.lookup()
          .findStatic(
              EventDecoder.class,
              "nested",
              MethodType.methodType(
                  Object.class,
                  NestedValueReader.class,
                  byte[].class,
                  int.class,
                  int.class,
                  int.class))
          .bindTo(reader);
    } catch (ReflectiveOperationException missing) {
      throw new IllegalStateException("reader is missing: name=nested", missing);
    }
  }

  static Object nested(NestedValueReader reader, byte[] words, int length, int frame, int at) {
    return reader.read(new NestedDecodeState(words, length), frame, at);
  }

  /**
   * Creates the record of a log.
   *
   * @param words the topics of the log, as many as its signature has, then its data
   * @param length number of bytes of {@code words} in use
   * @throws UndecodableException if the log does not match the signature
   */
  public Object decode(byte[] words, int length) {
    int data = length - signature.topics() * AbiType.WORD;
    if (data < least || (exact && data != least)) {
      throw new UndecodableException(
          "data has the wrong length: expected=%d bytes=%d".formatted(least, data));
    }
    try {
      return (Object) decode.invokeExact(words, length);
    } catch (UndecodableException | Error thrown) {
      throw thrown;
    } catch (Throwable refused) {
      throw new UndecodableException("record refuses its parameters: error=" + refused, refused);
    }
  }

  public EventSignature signature() {
    return signature;
  }
}
