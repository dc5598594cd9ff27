package dev.millrace.abi;

import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Reads a value inside an array or a tuple: the head at its offset, and the data behind the heads
 * of its frame.
 */
sealed interface ValueReader {
  Object read(LogReading log, int frame, int at);

  /** A value without parts, read as at the top level. */
  record Leaf(MethodHandle handle, MethodHandle boxed, boolean dynamic) implements ValueReader {
    Leaf(MethodHandle handle, boolean dynamic) {
      this(handle, handle.asType(handle.type().changeReturnType(Object.class)), dynamic);
    }

    @Override
    public Object read(LogReading log, int frame, int at) {
      byte[] words = log.words();
      int length = log.length();
      if (dynamic) {
        int from = Words.tail(words, length, frame, at, AbiType.WORD) + AbiType.WORD;
        log.spend(AbiType.WORD + Words.tailLength(words, length, from));
      }
      return invoke(() -> (Object) boxed.invokeExact(words, length, frame, at));
    }
  }

  /** An array, as an immutable list. */
  record Elements(ValueReader element, AbiType.Sequence type, int size) implements ValueReader {
    Elements(ValueReader element, AbiType.Sequence type) {
      this(element, type, type.element().headBytes());
    }

    @Override
    public Object read(LogReading log, int frame, int at) {
      int count = type.count();
      int heads = at;
      if (type.isOpen()) {
        int tail = Words.tail(log.words(), log.length(), frame, at, AbiType.WORD);
        heads = tail + AbiType.WORD;
        count = Words.count(log.words(), tail, (log.length() - heads) / size);
      } else if (type.isDynamic()) {
        heads = Words.tail(log.words(), log.length(), frame, at, count * size);
      }
      log.spend(AbiType.WORD + count * size);
      Object[] elements = new Object[count];
      for (int i = 0; i < count; i++) {
        elements[i] = element.read(log, heads, heads + i * size);
      }
      return List.of(elements);
    }
  }

  /** A tuple, as a record. */
  record Parts(List<ValueReader> parts, AbiType.Composite type, MethodHandle constructor)
      implements ValueReader {
    @Override
    public Object read(LogReading log, int frame, int at) {
      int size = 0;
      for (EventSignature.Parameter component : type.components()) {
        size += component.type().headBytes();
      }
      int heads = type.isDynamic() ? Words.tail(log.words(), log.length(), frame, at, size) : at;
      log.spend(size);
      Object[] values = new Object[parts.size()];
      int head = heads;
      for (int i = 0; i < values.length; i++) {
        values[i] = parts.get(i).read(log, heads, head);
        head += type.components().get(i).type().headBytes();
      }
      return invoke(() -> (Object) constructor.invokeExact(values));
    }
  }

  /** A call whose exceptions become {@link UndecodableException}s in {@link ValueReader#invoke}. */
  interface Call {
    Object value() throws Throwable;
  }

  static Object invoke(Call call) {
    try {
      return call.value();
    } catch (UndecodableException | Error thrown) {
      throw thrown;
    } catch (Throwable refused) {
      throw new UndecodableException("record refuses its parameters: error=" + refused, refused);
    }
  }
}
