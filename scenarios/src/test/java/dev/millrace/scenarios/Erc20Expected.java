package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.evm.Log;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.EventId;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The tables of the ERC-20 scenario, computed by a loop over the chain that uses no code of
 * Millrace.
 */
record Erc20Expected(List<Erc20.Transfer> transfers, List<Erc20.Account> accounts) {
  static Erc20Expected of(DevChain chain) {
    List<Erc20.Transfer> transfers = new ArrayList<>();
    SortedMap<Address, BigInteger> balances = new TreeMap<>();
    SortedMap<Address, Long> counts = new TreeMap<>();
    for (long block = 0; block <= chain.head(); block++) {
      for (Log log : chain.logs(block)) {
        if (!log.contract().equals(DevChain.TOKEN)) {
          continue;
        }
        Address from = Address.of(log.topic(1).bytes(), 12);
        Address to = Address.of(log.topic(2).bytes(), 12);
        BigInteger value = new BigInteger(1, log.data().bytes());
        transfers.add(
            new Erc20.Transfer(
                EventId.of(block, log.logIndex()), block, log.logIndex(), from, to, value));
        balances.merge(from, value.negate(), BigInteger::add);
        balances.merge(to, value, BigInteger::add);
        counts.merge(from, 1L, Long::sum);
        counts.merge(to, 1L, Long::sum);
      }
    }
    List<Erc20.Account> accounts = new ArrayList<>();
    balances.forEach((address, balance) ->
        accounts.add(new Erc20.Account(address, balance, counts.getOrDefault(address, 0L))));
    return new Erc20Expected(transfers, accounts);
  }
}
