package dev.millrace.abi;

import com.esaulpaugh.headlong.abi.ABIType;
import com.esaulpaugh.headlong.abi.ArrayType;
import com.esaulpaugh.headlong.abi.Tuple;
import com.esaulpaugh.headlong.abi.TupleType;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Draws random values of a record, and the same values for headlong, which encodes them. */
final class RandomValues {
  private final Random random;

  RandomValues(long seed) {
    this.random = new Random(seed);
  }

  /** One value in our form and in headlong's. */
  record Drawn(Object ours, Object theirs) {}

  /** An event, and the words of a log that encodes it. */
  record EncodedValue(Object event, List<Bytes32> topics, Bytes data) {
    byte[][] topicBytes() {
      return topics.stream().map(Bytes32::bytes).toArray(byte[][]::new);
    }
  }

  EncodedValue event(Class<?> type, EventSignature signature) {
    List<Object> ours = new ArrayList<>();
    List<Object> theirs = new ArrayList<>();
    List<byte[]> topics = new ArrayList<>();
    List<AbiType> inData = new ArrayList<>();
    signature.topic().ifPresent(topic -> topics.add(topic.bytes()));
    RecordComponent[] components = type.getRecordComponents();
    for (int i = 0; i < components.length; i++) {
      EventSignature.Parameter parameter = signature.parameters().get(i);
      if (parameter.isHashed()) {
        byte[] hash = bytes(32);
        topics.add(hash);
        ours.add(Bytes32.of(hash));
        continue;
      }
      ABIType<?> headlong = TupleType.parse("(" + parameter.type() + ")").get(0);
      Drawn drawn = draw(parameter.type(), headlong, components[i].getGenericType());
      ours.add(drawn.ours());
      if (parameter.indexed()) {
        topics.add(
            TupleType.parse("(" + parameter.type() + ")")
                .encode(Tuple.from(drawn.theirs()))
                .array());
      } else {
        theirs.add(drawn.theirs());
        inData.add(parameter.type());
      }
    }
    TupleType<Tuple> data = TupleType.parse(new AbiType.Composite(unnamed(inData)).toString());
    return new EncodedValue(
        create(type, ours),
        topics.stream().map(Bytes32::of).toList(),
        Bytes.of(data.encode(Tuple.from(theirs.toArray())).array()));
  }

  private static List<EventSignature.Parameter> unnamed(List<AbiType> types) {
    return types.stream().map(type -> new EventSignature.Parameter(type, false, "")).toList();
  }

  private Drawn draw(AbiType type, ABIType<?> headlong, Type java) {
    return switch (type) {
      case AbiType.Whole whole -> whole(whole, java);
      case AbiType.FixedBytes(_, int length) -> {
        byte[] drawn = bytes(length);
        yield new Drawn(java == Bytes32.class ? Bytes32.of(drawn) : Bytes.of(drawn), drawn);
      }
      case AbiType.Plain plain -> plain(plain);
      case AbiType.Sequence sequence -> sequence(sequence, (ArrayType<?, ?, ?>) headlong, java);
      case AbiType.Composite tuple -> tuple(tuple, (TupleType<?>) headlong, (Class<?>) java);
    };
  }

  private Drawn plain(AbiType.Plain plain) {
    return switch (plain) {
      case ADDRESS -> {
        Address address = Address.of(bytes(20));
        yield new Drawn(address, com.esaulpaugh.headlong.abi.Address.wrap(checksummed(address)));
      }
      case BOOL -> {
        boolean drawn = random.nextBoolean();
        yield new Drawn(drawn, drawn);
      }
      case BYTES -> {
        byte[] drawn = bytes(random.nextInt(70));
        yield new Drawn(Bytes.of(drawn), drawn);
      }
      case STRING -> {
        String drawn = "schön 🌊 ".repeat(random.nextInt(8));
        yield new Drawn(drawn, drawn);
      }
    };
  }

  private static String checksummed(Address address) {
    return com.esaulpaugh.headlong.abi.Address.toChecksumAddress(
        new BigInteger(1, address.bytes()));
  }

  private Drawn whole(AbiType.Whole type, Type java) {
    BigInteger drawn = new BigInteger(random.nextInt(type.bits() + 1), random);
    if (type.signed()) {
      drawn = drawn.subtract(BigInteger.TWO.pow(type.bits() - 1)).abs();
      drawn = drawn.bitLength() == type.bits() ? drawn.negate() : drawn;
      drawn = random.nextBoolean() ? drawn.negate() : drawn;
      drawn = drawn.bitLength() >= type.bits() ? BigInteger.ZERO : drawn;
    }
    return new Drawn(held(drawn, java), number(drawn, type));
  }

  private static Object held(BigInteger value, Type java) {
    if (java == long.class || java == Long.class) {
      return value.longValueExact();
    }
    return java == int.class || java == Integer.class ? (Object) value.intValueExact() : value;
  }

  private static Object number(BigInteger value, AbiType.Whole type) {
    int used = type.signed() ? type.bits() : type.bits() + 1;
    if (used <= 32) {
      return value.intValueExact();
    }
    return used <= 64 ? (Object) value.longValueExact() : value;
  }

  private Drawn sequence(AbiType.Sequence type, ArrayType<?, ?, ?> headlong, Type java) {
    Type element = ((ParameterizedType) java).getActualTypeArguments()[0];
    int count = type.isOpen() ? random.nextInt(5) : type.count();
    ABIType<?> inside = headlong.getElementType();
    Class<?> component = headlong.clazz().getComponentType();
    Object theirs = Array.newInstance(component, count);
    List<Object> ours = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Drawn drawn = draw(type.element(), inside, element);
      ours.add(drawn.ours());
      Array.set(theirs, i, drawn.theirs());
    }
    return new Drawn(List.copyOf(ours), theirs);
  }

  private Drawn tuple(AbiType.Composite type, TupleType<?> headlong, Class<?> java) {
    List<Object> ours = new ArrayList<>();
    List<Object> theirs = new ArrayList<>();
    RecordComponent[] components = java.getRecordComponents();
    for (int i = 0; i < components.length; i++) {
      Drawn drawn =
          draw(type.components().get(i).type(), headlong.get(i), components[i].getGenericType());
      ours.add(drawn.ours());
      theirs.add(drawn.theirs());
    }
    return new Drawn(create(java, ours), Tuple.from(theirs.toArray()));
  }

  private static Object create(Class<?> type, List<Object> values) {
    try {
      Constructor<?> constructor =
          type.getDeclaredConstructor(
              Stream.of(type.getRecordComponents())
                  .map(RecordComponent::getType)
                  .toArray(Class<?>[]::new));
      return constructor.newInstance(values.toArray());
    } catch (ReflectiveOperationException inaccessible) {
      throw new LinkageError(type.getName(), inaccessible);
    }
  }

  byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
