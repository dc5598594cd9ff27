package dev.millrace.evm;

/** What an author writes for an event: a function of the event and of what its Context returns. */
@FunctionalInterface
public interface EvmHandler<E> {
  void handle(E event, EvmContext context) throws Exception;
}
