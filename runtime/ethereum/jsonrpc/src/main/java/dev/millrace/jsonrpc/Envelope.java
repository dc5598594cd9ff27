package dev.millrace.jsonrpc;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the JSON-RPC members around results, in any order. */
final class Envelope {
  private static final Name ID = new Name("id");
  private static final Name RESULT = new Name("result");
  private static final Name ERROR = new Name("error");
  private static final Name CODE = new Name("code");
  private static final Name MESSAGE = new Name("message");
  private static final Name DATA = new Name("data");
  private static final int TEXT = 2_000;
  private static final long NO_ID = -1;

  /** Marks an id that is present but none of ours. */
  private static final long OTHER_ID = -2;

  private Envelope() {}

  private static final class Opened<T> {
    long id = NO_ID;
    boolean hasResult;
    @Nullable Trouble refused;
    @Nullable T value;
    @Nullable Trouble trouble;

    String name() {
      return id == NO_ID ? "no id" : "id=" + id;
    }
  }

  /**
   * Reads the reply to one call, to its end. An error may come without an id, since a node that
   * could not read the request does not know its id.
   */
  static <T> @Nullable T single(JsonInput in, Call call, ReplyReader<T> reader) throws IOException {
    checkIsJson(in);
    Opened<T> opened = object(in, reader);
    boolean isOurs = opened.id == call.id();
    Trouble trouble = opened.trouble;
    if (trouble != null && (isOurs || opened.id == NO_ID)) {
      throw trouble;
    }
    if (!isOurs) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "reply is to another call: " + opened.name());
    }
    if (!in.isAtEnd()) {
      throw in.nonsense("reply goes on behind its end");
    }
    return opened.value;
  }

  /**
   * Reads the replies to a batch, in the order of the calls.
   *
   * @throws Trouble if the batch as a whole was refused
   */
  static <T> List<Reply<T>> batch(JsonInput in, List<Call> calls, ReplyReader<T> reader)
      throws IOException {
    checkIsJson(in);
    if (in.peek() == '{') {
      Opened<T> opened = object(in, reader);
      Trouble trouble = opened.trouble;
      boolean isOurs = opened.id == NO_ID || calls.getFirst().id() == opened.id;
      throw trouble != null && isOurs ? trouble : in.nonsense("expected the replies of a batch");
    }
    List<Reply<T>> replies = new ArrayList<>(calls.size());
    for (int i = 0; i < calls.size(); i++) {
      replies.add(new Reply<>(null, Trouble.of(Trouble.Kind.TORN, "batch has no reply to a call")));
    }
    long first = calls.getFirst().id();
    BitSet answered = new BitSet(calls.size());
    in.begin('[');
    while (in.nextElement()) {
      Opened<T> opened = object(in, reader);
      long place = opened.id - first;
      if (opened.id >= 0 && place >= 0 && place < calls.size()) {
        if (answered.get((int) place)) {
          throw Trouble.of(Trouble.Kind.NONSENSE, "batch has two replies: " + opened.name());
        }
        answered.set((int) place);
        replies.set((int) place, new Reply<>(opened.value, opened.trouble));
      } else if (opened.trouble != null && opened.id == NO_ID) {
        throw opened.trouble;
      } else {
        throw Trouble.of(Trouble.Kind.NONSENSE, "reply is to another call: " + opened.name());
      }
    }
    return replies;
  }

  private static void checkIsJson(JsonInput in) throws IOException {
    if (in.isAtEnd()) {
      throw Trouble.of(Trouble.Kind.TORN, "reply is empty");
    }
    int first = in.peek();
    if (first != '{' && first != '[') {
      throw in.nonsense("reply is not JSON");
    }
  }

  private static <T> Opened<T> object(JsonInput in, ReplyReader<T> reader) throws IOException {
    Opened<T> opened = new Opened<>();
    in.begin('{');
    while (in.nextMember()) {
      if (in.is(RESULT)) {
        result(in, reader, opened);
      } else if (in.is(ID)) {
        opened.id = id(in);
      } else if (in.is(ERROR)) {
        opened.trouble = in.takeNull() ? opened.trouble : error(in);
      } else {
        in.skip();
      }
    }
    Trouble refused = opened.refused;
    if (opened.trouble == null && refused != null) {
      throw refused;
    }
    if (opened.trouble == null && !opened.hasResult) {
      opened.trouble = Trouble.of(Trouble.Kind.NONSENSE, "reply has neither result nor error");
    }
    return opened;
  }

  /** Reads a result. A null that the reader refuses may stand beside an error, which says more. */
  private static <T> void result(JsonInput in, ReplyReader<T> reader, Opened<T> opened)
      throws IOException {
    opened.hasResult = true;
    boolean isNull = in.peek() == 'n';
    try {
      opened.value = reader.read(in);
    } catch (Trouble refused) {
      if (!isNull || in.peek() != 'n') {
        throw refused;
      }
      in.skip();
      opened.refused = refused;
    } catch (RuntimeException failed) {
      throw Trouble.of(Trouble.Kind.NONSENSE, "reply cannot be read: " + failed);
    }
  }

  private static long id(JsonInput in) throws IOException {
    int first = in.peek();
    if (first == 'n') {
      in.skip();
      return NO_ID;
    }
    if (first != '"' && (first < '0' || first > '9')) {
      in.skip();
      return OTHER_ID;
    }
    long id = in.quantity();
    return id < 0 ? OTHER_ID : id;
  }

  /** Reads an error: an object by the specification, a text from nodes that deviate from it. */
  static Trouble error(JsonInput in) throws IOException {
    if (in.peek() == '"') {
      return Trouble.error(0, in.text(TEXT));
    }
    long code = 0;
    String message = "";
    String data = "";
    in.begin('{');
    while (in.nextMember()) {
      if (in.is(CODE)) {
        code = in.takeNull() ? 0 : in.quantity();
      } else if (in.is(MESSAGE) && in.peek() == '"') {
        message = in.text(TEXT);
      } else if (in.is(DATA)) {
        data = data(in);
      } else {
        in.skip();
      }
    }
    return Trouble.error(code, data.isEmpty() ? message : message + " " + data);
  }

  /** Reads the member into which some nodes put the reason: a text, or the message within. */
  private static String data(JsonInput in) throws IOException {
    if (in.peek() == '"') {
      return in.text(TEXT);
    }
    String message = "";
    if (in.peek() != '{') {
      in.skip();
      return message;
    }
    in.begin('{');
    while (in.nextMember()) {
      if (in.is(MESSAGE) && in.peek() == '"') {
        message = in.text(TEXT);
      } else {
        in.skip();
      }
    }
    return message;
  }
}
