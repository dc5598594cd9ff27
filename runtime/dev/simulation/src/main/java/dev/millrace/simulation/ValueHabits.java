package dev.millrace.simulation;

import static dev.millrace.simulation.HandlerHabit.doubtful;
import static dev.millrace.simulation.HandlerHabit.fatal;
import static dev.millrace.simulation.HandlerHabit.harmless;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.Json;
import dev.millrace.simulation.OddRows.Fickle;
import dev.millrace.simulation.OddRows.Parcel;
import dev.millrace.simulation.OddRows.Secretive;
import dev.millrace.simulation.OddRows.Tidy;
import dev.millrace.simulation.OddRows.Touchy;
import dev.millrace.simulation.SimulatedRows.Item;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/** Odd and huge values that handlers save, and rows that misbehave. */
final class ValueHabits {
  private static final int HUGE_TEXT = 2_000_000;
  private static final int HUGE_LIST = 50_000;

  private ValueHabits() {}

  /** Replaces one value of an ordinary parcel by an odd one. */
  @FunctionalInterface
  private interface Oddity {
    Parcel of(Parcel parcel);
  }

  /** A value that does not fit into ClickHouse if the column is signed. */
  private static final HandlerHabit BEYOND_INT256 =
      kept("ends of integers", p -> amount(p, BigInteger.TWO.pow(256).subtract(BigInteger.ONE)));

  /** Only for stores that roll back: those in memory would keep half of a commit. */
  private static final List<HandlerHabit> FICKLE =
      List.of(
          fatal(
              "saves a row that cannot be read by commit",
              at -> at.context().save(new Fickle(at.id(), "commit"))),
          fatal(
              "saves a row that cannot be read by mirror",
              at -> at.context().save(new Fickle(at.id(), "mirror"))));

  static final List<HandlerHabit> ALL =
      List.of(
          BEYOND_INT256,
          refused("U+0000 in text", p -> text(p, "a\0b")),
          refused("half a pair in text", p -> text(p, "a\uD800")),
          refused("U+0000 in a list", p -> tags(p, List.of("a", "\0"))),
          refused("half a pair in a list", p -> tags(p, List.of("\uDC00"))),
          refused("null where none may be", ValueHabits::nullText),
          refused("null in a list", p -> tags(p, Collections.singletonList(nothing()))),
          refused("a number of another type in a list", ValueHabits::wrongTags),
          refused("2^256", p -> amount(p, BigInteger.TWO.pow(256))),
          refused(
              "less than -2^255",
              p -> amount(p, BigInteger.TWO.pow(255).negate().subtract(BigInteger.ONE))),
          refused("a negative count", p -> count(p, BigInteger.ONE.negate())),
          refused("more decimal places than are kept", p -> price(p, new BigDecimal("0.0000001"))),
          refused("more digits than a decimal has", p -> price(p, BigDecimal.TEN.pow(80))),
          refused("a decimal of a billion digits", p -> price(p, new BigDecimal("1e1000000000"))),
          refused("an instant before the year 1", p -> seen(p, Instant.MIN)),
          refused("an instant after the year 9999", p -> seen(p, Instant.MAX)),
          kept("an indexed text that no index takes whole", p -> key(p, "k".repeat(3_000))),
          refused("JSON that has U+0000", p -> json(p, "\"\\u0000\"")),
          refused("JSON that has half a pair", p -> json(p, "\"\\ud800\"")),
          refused("JSON that ends early", p -> json(p, "{\"a\":")),
          refused("JSON that has an enormous number", p -> json(p, "1e1000000")),
          refused("JSON that is nested beyond measure", p -> json(p, "[".repeat(100_000))),
          kept("the least integer", p -> amount(p, BigInteger.TWO.pow(255).negate())),
          kept(
              "the greatest count",
              p -> count(p, BigInteger.TWO.pow(256).subtract(BigInteger.ONE))),
          kept(
              "the longest decimal",
              p -> price(p, new BigDecimal("-" + "9".repeat(70) + ".999999"))),
          kept("a decimal with zeros behind", p -> price(p, new BigDecimal("1e60"))),
          kept("the first instant", p -> seen(p, ColumnType.MIN_INSTANT)),
          kept("the last instant", p -> seen(p, ColumnType.MAX_INSTANT)),
          kept("not a number", p -> weight(p, Double.NaN)),
          kept("minus zero", p -> weight(p, -0.0)),
          kept("infinity", p -> weight(p, Double.NEGATIVE_INFINITY)),
          kept("the least double", p -> weight(p, Double.MIN_VALUE)),
          kept("nanoseconds", p -> seen(p, Instant.parse("1969-12-31T23:59:59.999999999Z"))),
          kept("huge text", p -> text(p, "é😀\\\t\n\r".repeat(HUGE_TEXT / 7))),
          kept("huge bytes", p -> bytes(p, new byte[HUGE_TEXT])),
          kept("a huge list", p -> tags(p, Collections.nCopies(HUGE_LIST, "a,\"{}\\"))),
          kept("odd items in a list", p -> tags(p, List.of("", "NULL", "null", "\\N", "{}", "\""))),
          kept("a key that an index just takes", p -> key(p, "k".repeat(2_000))),
          kept("noncharacters", p -> text(p, "\uFFFE\uFFFF\u0001\u007F\u0085\u2028")),
          kept("JSON with odd keys", p -> json(p, "{\"\":1,\"\\u0001\":[],\"a\":{\"\":-0.0}}")),
          kept("deep JSON", p -> json(p, "[".repeat(300) + "]".repeat(300))),
          harmless(
              "changes a list after it has saved it",
              at -> {
                List<String> tags = new ArrayList<>(List.of("early"));
                at.context().save(tags(Parcel.of(at.id()), tags));
                tags.add("late");
              }),
          doubtful(
              "saves a list that is different each time",
              at -> at.context().save(tags(Parcel.of(at.id()), new Restless()))),
          harmless(
              "saves a row that cannot be compared",
              at -> {
                at.context().save(new Touchy(at.id(), 1));
                at.context().save(new Touchy(at.id(), 2));
                at.context().find(Touchy.class, at.id());
                at.context().query(Touchy.class).where(Touchy::value).is(2L).limit(2).list();
              }),
          fatal(
              "saves a row that cannot be read",
              at -> at.context().save(new Secretive(at.id(), "secret"))),
          fatal("saves nothing", at -> at.context().save(ValueHabits.<Object>nothing())),
          doubtful(
              "saves a row that tidies itself",
              at -> at.context().save(new Tidy(Address.ZERO, "  odd ", List.of("a")))),
          harmless(
              "tries to change the list that it was given",
              at -> {
                changeable(at, at.context().query(Item.class).list());
                changeable(at, at.context().query(Item.class).limit(2).list());
                changeable(
                    at,
                    at.context().query(Item.class).where(Item::level).above(1L).limit(9).list());
              }));

  /** Returns the habits for rows mirrored into ClickHouse; invalid JSON reaches no store. */
  static List<HandlerHabit> inTwoStores() {
    return Stream.concat(ALL.stream(), FICKLE.stream())
        .filter(habit -> !habit.name().startsWith("saves JSON that"))
        .map(habit -> habit.equals(BEYOND_INT256) ? fatal(habit.name(), habit.deed()) : habit)
        .toList();
  }

  private static HandlerHabit refused(String what, Oddity oddity) {
    return fatal("saves " + what, at -> at.context().save(oddity.of(Parcel.of(at.id()))));
  }

  private static HandlerHabit kept(String what, Oddity oddity) {
    return harmless(
        "saves " + what,
        at -> {
          at.context().save(oddity.of(Parcel.of(at.id())));
          at.context().query(Parcel.class).where(Parcel::weight).atLeast(0.0).limit(1).list();
        });
  }

  private static void changeable(HandlerMoment at, List<Item> rows) {
    if (at.isSerial()) {
      return;
    }
    try {
      rows.add(new Item("", 0, "", null, 0, SimulatedRows.Kind.OPAL));
      at.state().wrong("a handler could change the list of a query: rows=" + rows.size());
    } catch (UnsupportedOperationException expected) {
      at.state().counter.incrementAndGet();
    }
  }

  private static Parcel text(Parcel p, String value) {
    return new Parcel(
        p.id(),
        value,
        p.key(),
        p.weight(),
        p.amount(),
        p.count(),
        p.price(),
        p.seen(),
        p.bytes(),
        p.json(),
        p.tags());
  }

  private static Parcel key(Parcel p, String value) {
    return new Parcel(
        p.id(),
        p.text(),
        value,
        p.weight(),
        p.amount(),
        p.count(),
        p.price(),
        p.seen(),
        p.bytes(),
        p.json(),
        p.tags());
  }

  private static Parcel weight(Parcel p, double value) {
    return new Parcel(
        p.id(),
        p.text(),
        p.key(),
        value,
        p.amount(),
        p.count(),
        p.price(),
        p.seen(),
        p.bytes(),
        p.json(),
        p.tags());
  }

  private static Parcel amount(Parcel p, BigInteger value) {
    return new Parcel(
        p.id(),
        p.text(),
        p.key(),
        p.weight(),
        value,
        p.count(),
        p.price(),
        p.seen(),
        p.bytes(),
        p.json(),
        p.tags());
  }

  private static Parcel count(Parcel p, BigInteger value) {
    return new Parcel(
        p.id(),
        p.text(),
        p.key(),
        p.weight(),
        p.amount(),
        value,
        p.price(),
        p.seen(),
        p.bytes(),
        p.json(),
        p.tags());
  }

  private static Parcel price(Parcel p, BigDecimal value) {
    return new Parcel(
        p.id(),
        p.text(),
        p.key(),
        p.weight(),
        p.amount(),
        p.count(),
        value,
        p.seen(),
        p.bytes(),
        p.json(),
        p.tags());
  }

  private static Parcel seen(Parcel p, Instant value) {
    return new Parcel(
        p.id(),
        p.text(),
        p.key(),
        p.weight(),
        p.amount(),
        p.count(),
        p.price(),
        value,
        p.bytes(),
        p.json(),
        p.tags());
  }

  private static Parcel bytes(Parcel p, byte[] value) {
    return new Parcel(
        p.id(),
        p.text(),
        p.key(),
        p.weight(),
        p.amount(),
        p.count(),
        p.price(),
        p.seen(),
        Bytes.of(value),
        p.json(),
        p.tags());
  }

  private static Parcel json(Parcel p, String value) {
    return new Parcel(
        p.id(),
        p.text(),
        p.key(),
        p.weight(),
        p.amount(),
        p.count(),
        p.price(),
        p.seen(),
        p.bytes(),
        Json.of(value),
        p.tags());
  }

  private static Parcel tags(Parcel p, List<String> value) {
    return new Parcel(
        p.id(),
        p.text(),
        p.key(),
        p.weight(),
        p.amount(),
        p.count(),
        p.price(),
        p.seen(),
        p.bytes(),
        p.json(),
        value);
  }

  private static Parcel nullText(Parcel p) {
    return text(p, ValueHabits.<String>nothing());
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // the mistake is the point
  private static Parcel wrongTags(Parcel p) {
    return tags(p, (List) List.of("a", 1L));
  }

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // the mistake is the point
  private static <T> T nothing() {
    return null;
  }

  /** Returns another element at each read. */
  private static final class Restless extends AbstractList<String> {
    private int asked;

    @Override
    public String get(int index) {
      asked++;
      return "restless " + asked;
    }

    @Override
    public int size() {
      return 2;
    }
  }
}
