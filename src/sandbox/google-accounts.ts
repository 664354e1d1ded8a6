/** A service account the simulator knows. */
export interface GoogleAccount {
  readonly clientEmail: string;
  readonly privateKey: string;
  readonly privateKeyId: string;
}

/** Made once for the simulator, in the shape of Google's key files. Worth nothing anywhere else. */
const DEMO_KEY = `-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC467cXIxuqsnsR
OAO5u0ZIxkZXRIm8/ie6ONFjDHM4wqwxR8RyUqk8hV1QZLlPHSjzbyoW1FHB033M
KRVAivRG8BiMAYdghHe5Li1IXfxDw5MKXyL27YSQgHb3Waz/R7ZFKtvPX7clSk2r
prLhKEH/fJEduf5ROHeGn5Yn6eijDtgJ3nDdXQJl9j3j/iNxyqGXFR1xDbtEXMET
3I20Tuhn6NeAUTYz9ZXJkKh+Cioxrhz9I34KiHWN4BFNqS1AMyEv54vxA46Z3TMQ
Sn27+s1IUZf6kaXxz+B65hdIKv+cBMXnXUmVryKIZuqwdXnTEmZD4RNSHUpQDdjV
WQUSziAzAgMBAAECggEAM1HXgihQKVNXLDQrdIQwwUmlg9qVj0nJpLjYA3EVGQ+N
0i9kqYWfShiJCSKq+vXQw556Q9OwzOXw55QPPdZSbM19Qn26IGMjBtV147uRowzH
5fz5KyZHwAKnAYZ1qHMydoeqcSbTIRo57AVbZ3lQt6LOcz2HAut04HuxpGoaEgY3
EBJCcGGvBnI5QxuLIyzk3wRLEiXT1cZaha6mjoIQ4s5k09guIPsbgNTRCyMHrkEM
vIOIfYe0E/L/mfh3Oa9L5PLQTsqMKSSxRTbO5ITxtzIRt5KoWVNgBYZuC9tsK1hb
n0I3hK7jjcqtS4s1Jaf+0rlVSQPJ4CwrBqyG3+Z/wQKBgQDzX3dItxKARtm5vBkF
mgqRRk366Q7os4B7j9qYvdHXqwa0u6CVdI4Fv7/cCYUrcSmp6Puq3zBfsj09D5Hx
EnG9UcJs5t6BQYwZz+uU/A+ZNL1MBpUM126y7Ap/NuTmA/qj+Eh53tk0MBSfTbgp
C8Gw7+zwuqZg6EVOuhbSb4QTSQKBgQDCg9/jB//cmF2pEgn2SAOC8gHTycxnxMua
MQ9aZpMk0zBJW/THzdtBDJHiW1ocSrnH2Id3RXcHOYCpKKOh8L8A1MLNYXvFK/CQ
o4P0IcWeihh6bzlZCGxrTrJU3k0GTNBwT2LckPe1TXr04Fbza2qLLTdqHfO/EVUw
t45Z35/bmwKBgQC4HNGVrgGOD4to6naXeUhjTKdzmNpRinI5h8NcZ8WW/WhOU98R
EaLbkIspf/5BthNJ2dqCEuR6kNGpHt1OXaC0E2Udk65iZF8Dq/rRs7ptMau/Fv+t
PlEdhFoQkUurAvmbEBpsL/1rcLA5L8eRLbazD17VYq65gx3jh/355qkpGQKBgQCo
Q1PFHQJkXRmIS6Z6eUkwWRDjmElN6psFwzK4zMq0rEu06esRfC4SU0FPQh7tImcb
TV/B+UFB6qg1rIYAbDWODn6FE7LxmVT8ibZ31U8SGfuazeQZ9IN1QBpb+AFBVelp
fgLTMkRVfbTDZ91PrLf5tR+emFJmEiRThDWL4TpzyQKBgEyM3ohuGxNFi5LIQgWo
EEEnP9bc+rH26mdWH38yL47pbOO9D2gRzpyrwNWFxIvm+ls4RSzqNMTASeJY3vQu
pdEVqctr8Clukcf9sJmsjF3sNsRr9xAbI6/Y5zSqVIMVoUvmgYq27LSxBQ141JTR
bee8LPBbs6mT6GMl6SAG94ma
-----END PRIVATE KEY-----
`;

export const GOOGLE_ACCOUNT: GoogleAccount = {
  clientEmail: 'beckon@sandbox-project.iam.gserviceaccount.com',
  privateKey: DEMO_KEY,
  privateKeyId: '5a4db0c5a4db0c5a4db0c5a4db0c5a4db0c5a4db',
};

/** Another credential of the same project, with which request ids of the first may not be used again. */
export const SECOND_GOOGLE_ACCOUNT: GoogleAccount = {
  ...GOOGLE_ACCOUNT,
  clientEmail: 'second@sandbox-project.iam.gserviceaccount.com',
};
