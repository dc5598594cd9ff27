package dev.millrace.postgres;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Json;
import dev.millrace.loaders.Scale;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A column of every type, alone, nullable and in lists. */
@Entity
record EveryColumnType(
    @Id long id,
    boolean flag,
    int small,
    long large,
    double real,
    String text,
    Instant time,
    BigInteger integer,
    @Scale(18) BigDecimal decimal,
    @Scale(0) BigDecimal whole,
    @Scale(7) BigDecimal odd,
    Address address,
    Bytes32 word,
    Bytes bytes,
    EventId event,
    Kind kind,
    Json json,
    @Nullable Boolean maybeFlag,
    @Nullable String maybeText,
    @Nullable BigInteger maybeInteger,
    @Nullable Bytes maybeBytes,
    @Nullable Json maybeJson,
    @Nullable Instant maybeTime,
    List<Boolean> flags,
    List<Integer> smalls,
    List<Long> larges,
    List<Double> reals,
    List<String> texts,
    List<Instant> times,
    List<BigInteger> integers,
    List<BigDecimal> decimals,
    List<Address> addresses,
    List<Bytes32> words,
    List<Bytes> blobs,
    List<EventId> events,
    List<Kind> kinds,
    List<Json> jsons,
    @Nullable List<String> maybeTexts) {

  enum Kind {
    PLAIN,
    WITH_UNDERSCORE,
    A_B1
  }

  private static final List<String> TEXTS =
      List.of(
          "",
          "a",
          "\\N",
          "\\",
          "a\tb\nc\r",
          "'quote\" \\x41",
          "ß€𝄞\uFFFD\uE000",
          "{a,b}",
          "NULL",
          "😀".repeat(50),
          " x ",
          "\u0001\u007F\u0080");
  private static final List<String> JSONS =
      List.of(
          "null",
          "true",
          "{}",
          "[]",
          "\"\"",
          "0",
          "-1.5e10",
          "1e-20",
          "{\"b\":[1,{\"a\":null}],\"a\":\"\\\\N \\t \\u20ac 😀\"}",
          "[[[[1]]],{\"x\":{\"y\":{\"z\":[]}}}]",
          "123456789012345678901234567890.123456789");
  private static final List<Instant> TIMES =
      List.of(
          Instant.EPOCH,
          Instant.parse("1969-12-31T23:59:59.999999Z"),
          Instant.parse("1999-12-31T23:59:59.999999Z"),
          Instant.parse("1582-10-10T00:00:00.000001Z"),
          ColumnType.MIN_INSTANT,
          ColumnType.MAX_INSTANT);
  private static final List<Double> REALS =
      List.of(
          0.0, -1.5, Double.MIN_VALUE, Double.MAX_VALUE, Double.NaN, Double.NEGATIVE_INFINITY, 0.1);
  private static final List<BigInteger> INTEGERS =
      List.of(
          BigInteger.ZERO,
          BigInteger.ONE,
          BigInteger.ONE.negate(),
          BigInteger.valueOf(9_999),
          BigInteger.valueOf(10_000),
          BigInteger.valueOf(Long.MAX_VALUE),
          BigInteger.valueOf(Long.MIN_VALUE),
          BigInteger.TEN.pow(18),
          BigInteger.TEN.pow(76),
          BigInteger.TWO.pow(52),
          ColumnType.MIN_INTEGER,
          ColumnType.MAX_INTEGER);

  /** Draws extremes as often as ordinary values. */
  record Draw(RandomGenerator random) {
    EveryColumnType row(long id) {
      return new EveryColumnType(
          id,
          random.nextBoolean(),
          of(Integer.MIN_VALUE, Integer.MAX_VALUE, random.nextInt()),
          of(Long.MIN_VALUE, Long.MAX_VALUE, 0L, random.nextLong()),
          real(),
          text(),
          time(),
          integer(),
          decimal(18),
          decimal(0),
          decimal(7),
          address(),
          Bytes32.of(some(32)),
          Bytes.of(some(random.nextInt(300))),
          event(),
          kind(),
          json(),
          maybe(random::nextBoolean),
          maybe(this::text),
          maybe(this::integer),
          maybe(() -> Bytes.of(some(random.nextInt(3)))),
          maybe(this::json),
          maybe(this::time),
          list(random::nextBoolean),
          list(random::nextInt),
          list(random::nextLong),
          list(this::real),
          list(this::text),
          list(this::time),
          list(this::integer),
          list(() -> decimal(18)),
          list(this::address),
          list(() -> Bytes32.of(some(32))),
          list(() -> Bytes.of(some(random.nextInt(40)))),
          list(this::event),
          list(this::kind),
          list(this::json),
          maybe(() -> list(this::text)));
    }

    @SafeVarargs
    private <T> T of(T... choices) {
      return choices[random.nextInt(choices.length)];
    }

    private <T> T of(List<T> choices) {
      return choices.get(random.nextInt(choices.size()));
    }

    private <T> @Nullable T maybe(Supplier<T> value) {
      return random.nextInt(3) == 0 ? null : value.get();
    }

    private <T> List<T> list(Supplier<T> value) {
      List<T> values = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        values.add(value.get());
      }
      return List.copyOf(values);
    }

    String text() {
      return of(TEXTS);
    }

    Json json() {
      return Json.of(of(JSONS));
    }

    Instant time() {
      return random.nextBoolean()
          ? of(TIMES)
          : Instant.ofEpochSecond(
              random.nextLong(-1L << 35, 1L << 35), random.nextInt(999_999) * 1000L);
    }

    double real() {
      return random.nextBoolean() ? of(REALS) : random.nextDouble() * 1e9;
    }

    BigInteger integer() {
      if (random.nextBoolean()) {
        return of(INTEGERS);
      }
      BigInteger drawn = new BigInteger(1, some(1 + random.nextInt(31)));
      return random.nextBoolean() ? drawn : drawn.negate();
    }

    BigDecimal decimal(int scale) {
      BigInteger unscaled =
          switch (random.nextInt(4)) {
            case 0 -> BigInteger.TEN.pow(ColumnType.DECIMAL_PRECISION).subtract(BigInteger.ONE);
            case 1 -> BigInteger.valueOf(random.nextInt(-20_000, 20_000));
            case 2 -> BigInteger.TEN.pow(random.nextInt(76)).negate();
            default -> new BigInteger(1, some(25));
          };
      return new BigDecimal(unscaled, scale);
    }

    Address address() {
      return random.nextInt(5) == 0 ? Address.ZERO : Address.of(some(20));
    }

    EventId event() {
      return EventId.of(random.nextLong(1L << 43), random.nextInt(1 << 20));
    }

    Kind kind() {
      return of(Kind.values());
    }

    byte[] some(int count) {
      byte[] bytes = new byte[count];
      random.nextBytes(bytes);
      return bytes;
    }
  }
}
