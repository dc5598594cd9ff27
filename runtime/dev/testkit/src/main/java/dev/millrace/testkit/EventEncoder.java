package dev.millrace.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.abi.AbiType;
import dev.millrace.abi.EventSignature;
import dev.millrace.abi.EventSignature.Parameter;
import dev.millrace.evm.Event;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Encodes an event record as the log that its contract would have emitted: the inverse of the
 * indexer's decoder.
 */
final class EventEncoder {
  private static final int WORD = AbiType.WORD;

  private final Class<?> type;
  private final EventSignature signature;

  private EventEncoder(Class<?> type, EventSignature signature) {
    this.type = type;
    this.signature = signature;
  }

  static EventEncoder of(Class<?> type) {
    Event event = type.getAnnotation(Event.class);
    if (event == null || !type.isRecord()) {
      throw new IllegalArgumentException(
          "event must be a record with @Event: type=" + type.getName());
    }
    List<String> wrong = new ArrayList<>();
    EventSignature signature =
        EventSignature.read(event.value(), wrong::add)
            .orElseThrow(() -> new IllegalArgumentException(type.getSimpleName() + " " + wrong));
    return new EventEncoder(type, signature);
  }

  /** Number of topics in a log of this event. */
  int topics() {
    return signature.topics();
  }

  /** Encodes the topics, then the data, as {@link dev.millrace.evm.Log} expects them. */
  byte[] encode(Object event) {
    List<Object> values = components(event);
    List<Parameter> parameters = signature.parameters();
    ByteArrayOutputStream topics = new ByteArrayOutputStream();
    signature.topic().ifPresent(topic -> topics.writeBytes(topic.bytes()));
    List<AbiType> types = new ArrayList<>();
    List<Object> kept = new ArrayList<>();
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      if (parameter.indexed()) {
        topics.writeBytes(topic(parameter.type(), values.get(i), name(i)));
      } else {
        types.add(parameter.type());
        kept.add(values.get(i));
      }
    }
    topics.writeBytes(tuple(types, kept, type.getSimpleName()));
    return topics.toByteArray();
  }

  private String name(int position) {
    return type.getSimpleName() + "." + type.getRecordComponents()[position].getName();
  }

  /** Encodes a topic. A value that does not fit is present as its hash, in the record as well. */
  private static byte[] topic(AbiType type, Object value, String where) {
    if (!type.isHashedAsTopic()) {
      return head(type, value, where);
    }
    if (value instanceof Bytes32 hash) {
      return hash.bytes();
    }
    throw wrong(type, value, where);
  }

  /** Encodes the heads, then the tails that they point to. */
  private static byte[] tuple(List<AbiType> types, List<Object> values, String where) {
    if (types.size() != values.size()) {
      throw new IllegalArgumentException(
          "value has another number of parts than its type: where=%s parts=%d expected=%d"
              .formatted(where, values.size(), types.size()));
    }
    int heads = types.stream().mapToInt(AbiType::headBytes).sum();
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    ByteArrayOutputStream tail = new ByteArrayOutputStream();
    for (int i = 0; i < types.size(); i++) {
      AbiType type = types.get(i);
      if (type.isDynamic()) {
        head.writeBytes(number(BigInteger.valueOf(heads + tail.size())));
        tail.writeBytes(tail(type, values.get(i), where));
      } else {
        head.writeBytes(head(type, values.get(i), where));
      }
    }
    head.writeBytes(tail.toByteArray());
    return head.toByteArray();
  }

  private static byte[] head(AbiType type, Object value, String where) {
    return switch (type) {
      case AbiType.Whole whole -> number(whole, value, where);
      case AbiType.FixedBytes fixed -> {
        byte[] bytes = raw(type, value, where);
        if (bytes.length != fixed.length()) {
          throw wrong(type, value, where);
        }
        yield Arrays.copyOf(bytes, WORD);
      }
      case AbiType.Plain.ADDRESS -> {
        byte[] word = new byte[WORD];
        if (!(value instanceof Address address)) {
          throw wrong(type, value, where);
        }
        address.write(word, WORD - Address.LENGTH);
        yield word;
      }
      case AbiType.Plain.BOOL -> {
        if (!(value instanceof Boolean yes)) {
          throw wrong(type, value, where);
        }
        yield number(yes ? BigInteger.ONE : BigInteger.ZERO);
      }
      case AbiType.Plain.BYTES, AbiType.Plain.STRING -> throw wrong(type, value, where);
      case AbiType.Sequence(AbiType element, int count) -> {
        List<Object> elements = elements(type, value, where);
        if (elements.size() != count) {
          throw wrong(type, value, where);
        }
        yield tuple(elements.stream().map(_ -> element).toList(), elements, where);
      }
      case AbiType.Composite composite -> composite(composite, value, where);
    };
  }

  private static byte[] tail(AbiType type, Object value, String where) {
    return switch (type) {
      case AbiType.Plain.STRING -> {
        if (!(value instanceof String text)) {
          throw wrong(type, value, where);
        }
        yield sized(text.getBytes(UTF_8));
      }
      case AbiType.Plain.BYTES -> sized(raw(type, value, where));
      case AbiType.Sequence(AbiType element, int _) -> {
        List<Object> elements = elements(type, value, where);
        byte[] inside = tuple(elements.stream().map(_ -> element).toList(), elements, where);
        yield isOpen(type) ? join(number(BigInteger.valueOf(elements.size())), inside) : inside;
      }
      case AbiType.Composite composite -> composite(composite, value, where);
      case AbiType.Whole _, AbiType.FixedBytes _, AbiType.Plain _ -> head(type, value, where);
    };
  }

  private static boolean isOpen(AbiType type) {
    return type.toString().endsWith("[]");
  }

  private static byte[] composite(AbiType.Composite type, Object value, String where) {
    if (!value.getClass().isRecord()) {
      throw wrong(type, value, where);
    }
    return tuple(
        type.components().stream().map(Parameter::type).toList(), components(value), where);
  }

  private static List<Object> elements(AbiType type, Object value, String where) {
    if (!(value instanceof List<?> list)) {
      throw wrong(type, value, where);
    }
    return List.copyOf(list);
  }

  private static byte[] raw(AbiType type, Object value, String where) {
    return switch (value) {
      case Bytes bytes -> bytes.bytes();
      case Bytes32 bytes -> bytes.bytes();
      default -> throw wrong(type, value, where);
    };
  }

  private static byte[] sized(byte[] bytes) {
    int padded = (bytes.length + WORD - 1) / WORD * WORD;
    return join(number(BigInteger.valueOf(bytes.length)), Arrays.copyOf(bytes, padded));
  }

  private static byte[] number(AbiType.Whole type, Object value, String where) {
    BigInteger number =
        switch (value) {
          case BigInteger big -> big;
          case Long small -> BigInteger.valueOf(small);
          case Integer small -> BigInteger.valueOf(small);
          default -> throw wrong(type, value, where);
        };
    boolean fits =
        type.signed()
            ? number.bitLength() < type.bits()
            : number.signum() >= 0 && number.bitLength() <= type.bits();
    if (!fits) {
      throw wrong(type, value, where);
    }
    return number(number);
  }

  private static byte[] number(BigInteger number) {
    byte[] word = new byte[WORD];
    if (number.signum() < 0) {
      Arrays.fill(word, (byte) -1);
    }
    byte[] digits = number.toByteArray();
    int counted = Math.min(digits.length, WORD);
    System.arraycopy(digits, digits.length - counted, word, WORD - counted, counted);
    return word;
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static List<Object> components(Object value) {
    List<Object> values = new ArrayList<>();
    for (RecordComponent component : value.getClass().getRecordComponents()) {
      try {
        component.getAccessor().setAccessible(true);
        Object part = component.getAccessor().invoke(value);
        if (part == null) {
          throw new IllegalArgumentException(
              "event has a part that is null: part=%s.%s"
                  .formatted(value.getClass().getSimpleName(), component.getName()));
        }
        values.add(part);
      } catch (IllegalAccessException | InvocationTargetException unreadable) {
        throw new IllegalArgumentException(
            "event cannot be read: type=" + value.getClass().getName(), unreadable);
      }
    }
    return values;
  }

  private static IllegalArgumentException wrong(AbiType type, Object value, String where) {
    return new IllegalArgumentException(
        "value does not fit its parameter: where=%s type=%s value=%s"
            .formatted(where, type, value));
  }
}
