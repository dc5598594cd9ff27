package dev.millrace.jsonrpc;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the JSON-RPC members around results, in any order. */
final class JsonRpcReplyReader {
  private static final JsonMemberName ID = new JsonMemberName("id");
  private static final JsonMemberName RESULT = new JsonMemberName("result");
  private static final JsonMemberName ERROR = new JsonMemberName("error");
  private static final JsonMemberName CODE = new JsonMemberName("code");
  private static final JsonMemberName MESSAGE = new JsonMemberName("message");
  private static final JsonMemberName DATA = new JsonMemberName("data");
  private static final int TEXT = 2_000;
  private static final long NO_ID = -1;

  /** Marks an id that is present but none of ours. */
  private static final long OTHER_ID = -2;

  private JsonRpcReplyReader() {}

  private static final class Opened<T> {
    long id = NO_ID;
    boolean hasResult;
    @Nullable RpcCallException refused;
    @Nullable T value;
    @Nullable RpcCallException trouble;

    String name() {
      return id == NO_ID ? "no id" : "id=" + id;
    }
  }

  /**
   * Reads the reply to one call, to its end. An error may come without an id, since a node that
   * could not read the request does not know its id.
   */
  static <T> @Nullable T single(
      JsonStreamReader in, JsonRpcCall call, JsonRpcResultReader<T> reader) throws IOException {
    checkIsJson(in);
    Opened<T> opened = object(in, reader);
    boolean isOurs = opened.id == call.id();
    RpcCallException trouble = opened.trouble;
    if (trouble != null && (isOurs || opened.id == NO_ID)) {
      throw trouble;
    }
    if (!isOurs) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "reply is to another call: " + opened.name());
    }
    if (!in.isAtEnd()) {
      throw in.nonsense("reply goes on behind its end");
    }
    return opened.value;
  }

  /**
   * Reads the replies to a batch, in the order of the calls.
   *
   * @throws RpcCallException if the batch as a whole was refused
   */
  static <T> List<JsonRpcReply<T>> batch(
      JsonStreamReader in, List<JsonRpcCall> calls, JsonRpcResultReader<T> reader)
      throws IOException {
    checkIsJson(in);
    if (in.peek() == '{') {
      Opened<T> opened = object(in, reader);
      RpcCallException trouble = opened.trouble;
      boolean isOurs = opened.id == NO_ID || calls.getFirst().id() == opened.id;
      throw trouble != null && isOurs ? trouble : in.nonsense("expected the replies of a batch");
    }
    List<JsonRpcReply<T>> replies = new ArrayList<>(calls.size());
    for (int i = 0; i < calls.size(); i++) {
      replies.add(
          new JsonRpcReply<>(
              null,
              RpcCallException.of(RpcCallException.Kind.TORN, "batch has no reply to a call")));
    }
    long first = calls.getFirst().id();
    BitSet answered = new BitSet(calls.size());
    in.begin('[');
    while (in.nextElement()) {
      Opened<T> opened = object(in, reader);
      long place = opened.id - first;
      if (opened.id >= 0 && place >= 0 && place < calls.size()) {
        if (answered.get((int) place)) {
          throw RpcCallException.of(
              RpcCallException.Kind.NONSENSE, "batch has two replies: " + opened.name());
        }
        answered.set((int) place);
        replies.set((int) place, new JsonRpcReply<>(opened.value, opened.trouble));
      } else if (opened.trouble != null && opened.id == NO_ID) {
        throw opened.trouble;
      } else {
        throw RpcCallException.of(
            RpcCallException.Kind.NONSENSE, "reply is to another call: " + opened.name());
      }
    }
    return replies;
  }

  private static void checkIsJson(JsonStreamReader in) throws IOException {
    if (in.isAtEnd()) {
      throw RpcCallException.of(RpcCallException.Kind.TORN, "reply is empty");
    }
    int first = in.peek();
    if (first != '{' && first != '[') {
      throw in.nonsense("reply is not JSON");
    }
  }

  private static <T> Opened<T> object(JsonStreamReader in, JsonRpcResultReader<T> reader)
      throws IOException {
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
    RpcCallException refused = opened.refused;
    if (opened.trouble == null && refused != null) {
      throw refused;
    }
    if (opened.trouble == null && !opened.hasResult) {
      opened.trouble =
          RpcCallException.of(RpcCallException.Kind.NONSENSE, "reply has neither result nor error");
    }
    return opened;
  }

  /** Reads a result. A null that the reader refuses may stand beside an error, which says more. */
  private static <T> void result(
      JsonStreamReader in, JsonRpcResultReader<T> reader, Opened<T> opened) throws IOException {
    opened.hasResult = true;
    boolean isNull = in.peek() == 'n';
    try {
      opened.value = reader.read(in);
    } catch (RpcCallException refused) {
      if (!isNull || in.peek() != 'n') {
        throw refused;
      }
      in.skip();
      opened.refused = refused;
    } catch (RuntimeException failed) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "reply cannot be read: " + failed);
    }
  }

  private static long id(JsonStreamReader in) throws IOException {
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
  static RpcCallException error(JsonStreamReader in) throws IOException {
    if (in.peek() == '"') {
      return RpcCallException.error(0, in.text(TEXT));
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
    return RpcCallException.error(code, data.isEmpty() ? message : message + " " + data);
  }

  /** Reads the member into which some nodes put the reason: a text, or the message within. */
  private static String data(JsonStreamReader in) throws IOException {
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
