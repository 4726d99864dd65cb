import AdjointChecking

/// Values of elementary functions to 106 bits: a function, and an argument and its value as two doubles each.
///
/// Made with mpmath 1.3 at 300 bits by
/// ```python
/// def two(v): h = float(v); return h.hex() + " " + float(v - mpf(h)).hex()
/// x = mpf(x) * (1 + random.uniform(-1, 1) * mpf(2) ** -54)     # then rounded to two doubles
/// print(name, two(x), two(f(x)))                               # "power" is x ** 2.5
/// ```
enum DoubleDoubleReferences {
  struct Row {
    let function: String
    let x: DoubleDouble
    let y: DoubleDouble
  }

  static var rows: [Row] {
    table.split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      let numbers = words.dropFirst().compactMap { Double(String($0)) }
      return Row(
        function: String(words[0]), x: DoubleDouble(numbers[0], numbers[1]), y: DoubleDouble(numbers[2], numbers[3]))
    }
  }

  private static let table = """
    exponential 0x1.0000000000000p+0 -0x1.9fe345c18de9cp-55 0x1.5bf0a8b145769p+1 0x1.95bf56a8f24cep-56
    exponential -0x1.2c00000000000p+9 0x1.1afdd3de00502p-45 0x1.4dd4d0d12c12ap-866 -0x1.6070ee0592b46p-920
    exponential 0x1.4500000000000p+9 0x1.b47ea067d80bdp-46 0x1.af11c8c4dd24bp+937 -0x1.80c45b697de85p+883
    exponential 0x1.79ca10c924223p-67 -0x1.9665ec5a05624p-124 0x1.0000000000000p+0 0x1.79ca10c924223p-67
    exponential -0x1.b6c34de09e924p+7 -0x1.cc50a97628628p-48 0x1.69e78833c0b32p-317 -0x1.a491ccdaee592p-371
    exponential 0x1.a0eba4dc56fa6p+7 -0x1.9f2a1433b7954p-47 0x1.aceaf91034a30p+300 -0x1.8de3053db6465p+244
    exponential 0x1.3c87901d774d4p+7 -0x1.1495c6bfd8e31p-50 0x1.414e2610085cbp+228 0x1.0d55b17d9c1a0p+174
    exponential -0x1.25eacb984fec0p+7 -0x1.04752a4b39d07p-48 0x1.fa348f8237e38p-213 -0x1.3483d5a6c87c0p-267
    exponential -0x1.5e95d6f6c2b80p+1 0x1.7c5e304b512b2p-54 0x1.08c232d1c0266p-4 -0x1.a44c5065eb974p-58
    exponential -0x1.e4e2c2594e440p+4 -0x1.afcf943667a7ep-50 0x1.36889d263e287p-44 0x1.f12f770d6b0e3p-98
    exponential 0x1.6bd2b8f1e272cp+6 0x1.2418e1905ffb4p-48 0x1.2a792913d8d79p+131 -0x1.c5d9b500a8745p+77
    exponential 0x1.5a77d03f7e43ap+7 -0x1.45456817a0641p-47 0x1.e5acdc690286dp+249 -0x1.e9f167c396601p+195
    exponentialMinusOne 0x1.79ca10c924223p-67 -0x1.77724b1f3cddep-124 0x1.79ca10c924223p-67 -0x1.772c9a869f008p-124
    exponentialMinusOne 0x1.0624dd2f1a9fcp-10 -0x1.1909252e0dc29p-71 0x1.06466dfb8cf3ap-10 0x1.e20f58c50c9b7p-66
    exponentialMinusOne -0x1.3333333333333p-2 0x1.47fc5f314ce81p-57 -0x1.0966f2c7907f6p-2 0x1.60bb2a87061d1p-58
    exponentialMinusOne -0x1.dccfecae051eap-1 0x1.00a6f8ea3764fp-55 -0x1.363ee3fef28f0p-1 0x1.7f285be6a8fa3p-56
    exponentialMinusOne 0x1.4bd44540c5f15p+4 -0x1.7544421058bb4p-51 0x1.e48e57d2509e7p+29 -0x1.03e5bac0d495ep-25
    exponentialMinusOne 0x1.2b8ddab90306cp+5 -0x1.833af7c282d68p-53 0x1.03b1089360d31p+54 0x1.c02896b28eb68p-1
    exponentialMinusOne 0x1.c056a7a3544c2p+3 -0x1.78fef872d4fc6p-52 0x1.28b9fee785158p+20 0x1.2ae8dd6045285p-34
    exponentialMinusOne 0x1.c6381c2599002p+2 -0x1.b2b275990b694p-52 0x1.2de30db57ca72p+10 -0x1.7bc675c2d8a86p-44
    exponentialMinusOne 0x1.f7531e11f177ep+3 0x1.53d2994a3a7dbp-51 0x1.9d92d7a86c1d8p+22 -0x1.55f761afc5caap-32
    exponentialMinusOne -0x1.8f81c475bb6ecp-1 -0x1.68dcbd8040f95p-58 -0x1.155d0b56051cfp-1 -0x1.d9c583a9f71e5p-55
    exponentialMinusOne 0x1.d3e83e309a812p+2 0x1.0a527d7a533e8p-53 0x1.75efde00d1c57p+10 0x1.6fc04f7107191p-46
    logarithm 0x1.0000000000000p+1 -0x1.3f0cbafc0c7c8p-56 0x1.62e42fefa39efp-1 0x1.0c43863591c5bp-56
    logarithm 0x1.0000000000004p+0 0x1.51f4e07480f1fp-55 0x1.0a8fa703a4077p-50 -0x1.98ed7af93e687p-105
    logarithm 0x1.87e92154ef7acp-665 0x1.0afa6ff8a413fp-720 -0x1.cc845b54b54f2p+8 0x1.8e1d922b7d5a4p-46
    logarithm 0x1.4e718d7d7625ap+664 -0x1.070c6d711e31fp+609 0x1.cc845b54b54f2p+8 -0x1.8f092ddd1e26cp-46
    logarithm 0x1.8000000000000p-1 0x1.0d0c30f5ce2a6p-57 -0x1.269621134db92p-2 -0x1.2d9237e0a6e67p-56
    logarithm 0x1.2979e0251db64p+3 0x1.c71d086f0a9fbp-52 0x1.1d6376cf95a39p+1 -0x1.e5102985c0326p-54
    logarithm 0x1.8d0475eefcfc6p+5 0x1.12e48f841f44bp-49 0x1.f3c7ebf9c102ep+1 0x1.4cf578744b5e7p-55
    logarithm 0x1.57facfb67a6cdp+5 0x1.d149763220e7dp-56 0x1.e16d131e8090ap+1 0x1.48d8a8bd2dad0p-53
    logarithm 0x1.82e7755a7a0a4p+2 0x1.137b945e9cdaep-54 0x1.cc9e85cf1a921p+0 -0x1.65b3a03d54b5ep-55
    logarithm 0x1.0a2ab50dd46a6p+4 -0x1.ef933b95ad3cap-51 0x1.67e05d3cb4fa1p+1 0x1.372e0387b80d2p-53
    logarithm 0x1.209892e064840p+5 -0x1.28fa12cb6a779p-50 0x1.caf47d32dee4dp+1 -0x1.df81603167ba1p-55
    logarithm 0x1.1c7aa0f23977cp+5 0x1.526bcb7a711c1p-50 0x1.c91dab8c685ccp+1 0x1.f82fb34a63d64p-55
    logarithm 0x1.7693a57129199p+5 -0x1.00c492c6d5783p-51 0x1.ec555daeddceap+1 0x1.091a859bf9963p-53
    logarithmOnePlus 0x1.79ca10c924223p-67 0x1.fa428711a47b3p-126 0x1.79ca10c924223p-67 0x1.f92bc4af2d05bp-126
    logarithmOnePlus -0x1.12e0be826d695p-30 0x1.d5781421782b2p-87 -0x1.12e0be84bbb51p-30 0x1.aa765849086a6p-84
    logarithmOnePlus 0x1.dcd6500000000p+29 -0x1.3a875f1352e3dp-30 0x1.4b927f3304b3bp+4 0x1.6922a8e0efd35p-51
    logarithmOnePlus 0x1.ee90e9ee9b8f8p-4 -0x1.d15001739ac6dp-58 0x1.d2e9c0c095c4ap-4 0x1.1c321e28234f0p-58
    logarithmOnePlus 0x1.2b40b91cee0e2p+1 -0x1.1139b626a73a9p-53 0x1.349188a578bdep+0 0x1.5fdfeb5396d4dp-55
    logarithmOnePlus 0x1.9fbc83a13d33fp+1 0x1.52369d2f4c56cp-54 0x1.72498448bf808p+0 -0x1.806a5352e156ap-54
    logarithmOnePlus 0x1.8a2bf47a7ccf7p+1 0x1.7ceaf80776b71p-53 0x1.67ed668d20b30p+0 0x1.1f64aec94eac0p-54
    logarithmOnePlus 0x1.4f8d2b5053386p+0 0x1.f4497654e1e5ep-57 0x1.acd62203e2ad8p-1 -0x1.2103709418c36p-59
    logarithmOnePlus 0x1.b09b8eb084792p+0 -0x1.703c9944c6d24p-56 0x1.fa9efc2fbfc0cp-1 -0x1.62e2c36ccdd15p-59
    logarithmOnePlus 0x1.0cc380ca304f6p+1 -0x1.6264852c21df6p-54 0x1.219d920bef4ecp+0 -0x1.cea8c6f04f941p-57
    logarithmOnePlus 0x1.d8ae0b7dda661p+1 0x1.0ee10cd8fcf03p-60 0x1.8bc8be5dee025p+0 -0x1.545c66f0e0be9p-57
    squareRoot 0x1.0000000000000p+1 -0x1.4ecaf85c692f0p-57 0x1.6a09e667f3bcdp+0 -0x1.cc9f00e863f1bp-54
    squareRoot 0x1.87e92154ef7acp-665 -0x1.69aff517ac023p-720 0x1.bff2ee48e0530p-333 -0x1.50e5c34159e93p-387
    squareRoot 0x1.4e718d7d7625ap+664 0x1.00d53991a79f7p+607 0x1.249ad2594c37dp+332 -0x1.2b1a6dab9800dp+277
    squareRoot 0x1.df879466b73ffp+19 0x1.b666ce1f4d942p-35 0x1.ef7fb7e051292p+9 -0x1.c5b6d46322233p-45
    squareRoot 0x1.783b64797eecap+19 -0x1.73efa36d9ed0ap-35 0x1.b6e5b158e8042p+9 -0x1.2ea20f7bd6319p-45
    squareRoot 0x1.077c2e59b450ep+19 0x1.2af4a80be90e2p-36 0x1.6f4b1529da752p+9 0x1.2f8d8859d0f1ep-45
    squareRoot 0x1.a41038eceb14dp+19 0x1.0d3fb046bd31bp-35 0x1.cfc25045b034dp+9 -0x1.2e235b63fa44bp-45
    squareRoot 0x1.c578106464deap+17 0x1.5e3dae08418b8p-37 0x1.e1d8b990000fep+8 0x1.8c670f8ffdff1p-46
    squareRoot 0x1.f5baea71ac992p+18 0x1.e2abd6809c9b3p-37 0x1.6663ab7db5179p+9 -0x1.3a17d6b7bd3f7p-49
    squareRoot 0x1.d1126c6cb1ad7p+19 0x1.1f8b6b22b5c9dp-35 0x1.e7f8e0b2026dfp+9 -0x1.41e1a7011bc66p-45
    squareRoot 0x1.1a2059d982cb4p+19 0x1.5141b8ced32e1p-40 0x1.7c10674ac2e2bp+9 -0x1.c81ee361c56bdp-45
    sine 0x1.0000000000000p+0 -0x1.254b4d95e8468p-56 0x1.aed548f090ceep-1 -0x1.f6c312806efcdp-58
    sine 0x1.79ca10c924223p-67 -0x1.d133711dccf1cp-123 0x1.79ca10c924223p-67 -0x1.d133711dccf1cp-123
    sine 0x1.8000000000000p+1 0x1.d8d3d33d9bb70p-57 0x1.210386db6d55bp-3 -0x1.2f4ce972bec7fp-58
    sine 0x1.86a0000000000p+16 0x1.81e78feed4702p-40 0x1.24daa9c4f7b45p-5 0x1.90f3687c91692p-59
    sine 0x1.3a26fb0382b40p+2 0x1.1a9e195d422b3p-54 -0x1.f62c488cc4b4bp-1 0x1.753917e787baap-56
    sine -0x1.7a6a6ca02dff0p+2 0x1.fad0260fe64e9p-56 0x1.72b6c448c59afp-2 0x1.8b992ab538332p-56
    sine -0x1.1c14c2498308fp+5 0x1.0c2fcf9cd53b9p-49 0x1.a13f289e9f3b3p-1 -0x1.6691aea6382dep-55
    sine 0x1.d99ced7a5b968p+4 -0x1.0020096e405cap-50 -0x1.f0cb7faef2bd4p-1 -0x1.11698b6745348p-56
    sine 0x1.666586e2d1170p+2 -0x1.cebedb6c5b038p-53 -0x1.433acc3e2fa3cp-1 0x1.77ffe675414e8p-56
    sine -0x1.80349e6970164p+4 -0x1.039a490d8b1cbp-52 0x1.ccd3f59d015efp-1 -0x1.004a89ce7bbf9p-57
    sine 0x1.82b3608937680p-2 0x1.17346aa82e1b8p-56 0x1.7993249100c17p-2 0x1.0e0aa2ff94ee8p-57
    sine -0x1.34bbd3ddd1f60p+0 -0x1.708d79816324cp-55 -0x1.de4e93894ace0p-1 0x1.b89a0b1bdd487p-55
    cosine 0x1.0000000000000p+0 0x1.05b88a23fe40ap-55 0x1.14a280fb5068bp-1 0x1.6ca620a42d3f3p-55
    cosine 0x1.79ca10c924223p-67 -0x1.7a7494f670f3fp-122 0x1.0000000000000p+0 -0x1.16c262777579cp-134
    cosine 0x1.8000000000000p+0 -0x1.2be9a8f375db8p-54 0x1.21bd54fc5f9acp-4 -0x1.ecf909c7e66e3p-61
    cosine 0x1.86a0000000000p+16 0x1.8601aad59d047p-40 -0x1.ffac3841b3f65p-1 -0x1.745e895d13982p-55
    cosine 0x1.7c48ede8342eep+4 -0x1.d94f1e8c55e9dp-52 0x1.a2a1483400081p-3 0x1.9c38481704235p-58
    cosine 0x1.950a3294f3b68p+4 -0x1.5cba12277eff9p-50 0x1.f7854616dd468p-1 0x1.ca5dc9077eea0p-60
    cosine -0x1.39393fbace796p+4 0x1.aa740c535769cp-51 0x1.7e942d14b5a6ep-1 0x1.82376f81cb55ap-59
    cosine 0x1.b56ef256f8a30p+4 0x1.7f44689353f05p-54 -0x1.30239db8daa67p-1 -0x1.97b63c75b9f53p-55
    cosine 0x1.bb2bae168b8c4p+3 -0x1.262306d97ba05p-51 0x1.22ef749436738p-2 0x1.96e97f54f76dep-58
    cosine -0x1.0abaeb3a8dc2cp+5 0x1.e490854b8a7bfp-51 -0x1.637f279553cbap-2 0x1.c3533bfa25c5dp-56
    cosine -0x1.3551683bc295cp+5 -0x1.05cb56907a6aep-50 0x1.2345e0bb6ff4fp-1 -0x1.37c09588ee463p-55
    cosine -0x1.36ae7e63ab1adp+5 0x1.c2590dae84588p-53 0x1.af40598382600p-2 0x1.b17bb664be74ep-57
    hyperbolicTangent 0x1.79ca10c924223p-67 0x1.e92dc73d86959p-127 0x1.79ca10c924223p-67 0x1.e92dc73d86959p-127
    hyperbolicTangent 0x1.0000000000000p-1 -0x1.29e40d04686a4p-56 0x1.d9353d7568af3p-2 0x1.5407607bde44ep-57
    hyperbolicTangent 0x1.1800000000000p+5 0x1.d94e4ff1ba237p-52 0x1.0000000000000p+0 -0x1.02057d1245ce7p-100
    hyperbolicTangent -0x1.c7acec211f3d8p+2 -0x1.20ef3528c919ep-52 -0x1.ffffd41901060p-1 0x1.b696b6224ecc8p-56
    hyperbolicTangent -0x1.0c95b66dd6030p+0 0x1.0166e6cd40616p-54 -0x1.901e0fa62c406p-1 -0x1.970a62aa51764p-57
    hyperbolicTangent -0x1.30dfb5f70a23ap+4 0x1.25fb24116586bp-50 -0x1.fffffffffffffp-1 -0x1.f8da8ae7041bbp-55
    hyperbolicTangent -0x1.2269ef9221628p+2 0x1.9ab087f2168cfp-53 -0x1.ffe200b92bd08p-1 0x1.c37b932fa795cp-56
    hyperbolicTangent -0x1.94e578026e198p+1 -0x1.626c392f8ab39p-54 -0x1.fe2c0d580b2f6p-1 -0x1.42777aa39161bp-56
    hyperbolicTangent -0x1.8f4f47d6a7154p+3 0x1.0f594cdfd6288p-51 -0x1.ffffffffc03a3p-1 0x1.6e6463dea4e70p-56
    hyperbolicTangent -0x1.f4c8f7f7725acp+3 -0x1.99da8f072085cp-52 -0x1.ffffffffffe34p-1 -0x1.4366d1263da2ap-56
    hyperbolicTangent 0x1.ffc486b4d3090p+3 0x1.6cbd0b4fbac9bp-52 0x1.fffffffffff19p-1 -0x1.e56a4d352a2bcp-55
    errorFunction 0x1.0000000000000p+0 0x1.36aa419b55588p-57 0x1.af767a741088bp-1 -0x1.8904a9fb20204p-56
    errorFunction 0x1.79ca10c924223p-67 -0x1.0e202d958a0d6p-122 0x1.aa4a230244ae0p-67 -0x1.a417a6c5173fdp-122
    errorFunction 0x1.0000000000000p-1 0x1.0c2e646d21f4cp-57 0x1.0a7ef5c18edd2p-1 0x1.d456c3716c93bp-56
    errorFunction 0x1.0000000000000p+3 -0x1.c3cdd5a19b32ap-52 0x1.0000000000000p+0 -0x1.c74fc41217e2ep-97
    errorFunction 0x1.12a66c7f2a018p-1 -0x1.ba80ceebe8ee5p-57 0x1.1a9556cca665ep-1 0x1.9f04865ac0eadp-57
    errorFunction -0x1.ad28a6446bab3p+1 -0x1.919c10fa79735p-53 -0x1.ffffb8d852615p-1 -0x1.9e71daee1dcecp-56
    errorFunction 0x1.6d41afdc8dd94p+2 0x1.12552ccab0382p-52 0x1.ffffffffffffap-1 -0x1.195b47f6f50b5p-55
    errorFunction 0x1.c96ffe8573240p+1 -0x1.624399b24764ap-54 0x1.fffff17be602dp-1 0x1.83de313685d25p-56
    errorFunction 0x1.97f32168fef40p-3 0x1.2482ff64f0419p-57 0x1.c64e351e9079bp-3 -0x1.ca566950b0718p-58
    errorFunction -0x1.a92bd91b697dfp+1 0x1.4283029837108p-54 -0x1.ffffa7a3b1095p-1 -0x1.ba6e9f7da6651p-57
    errorFunction 0x1.c836330bc9f58p+0 0x1.90d12acb566fcp-54 0x1.f9fed81e7cb9fp-1 0x1.485e82d8fc82ap-55
    errorFunction -0x1.42df917cd6608p+0 -0x1.3aeba2b5cb855p-55 -0x1.d9dd7843340ecp-1 -0x1.8f821bdc06beep-56
    power 0x1.0000000000000p+1 -0x1.505dd29606f12p-54 0x1.6a09e667f3bccp+2 -0x1.0715a80f022e2p-56
    power 0x1.79ca10c924223p-67 0x1.15e33436d601cp-121 0x1.dee7a4ad4b81fp-167 -0x1.6ffa4eedfd071p-221
    power 0x1.5af1d78b58c40p+66 0x1.48bf635b1dc2ep+12 0x1.11b0ec57e649ap+166 0x1.1029e4b73b0e0p+112
    power 0x1.4cfc0944d1842p+5 0x1.0fbf0647646dap-50 0x1.5d4a08c7973bep+13 0x1.7c0bcb9386d4bp-41
    power 0x1.93e4808a03ff7p+4 0x1.cac1d4bf4a9c3p-56 0x1.9032a6d93726ep+11 0x1.23f42988f0c7dp-43
    power 0x1.b74419d5830f6p-1 -0x1.acd549a2cf8c0p-57 0x1.5d123d58c1392p-1 -0x1.53b024b6f3eb7p-56
    power 0x1.5f7df467912c3p+6 -0x1.ae6baa6b16addp-50 0x1.1abf591165473p+16 0x1.9c5b13aea5760p-41
    power 0x1.e690249a1eae8p+1 -0x1.1e54b714cd3bdp-53 0x1.c2c1e6aee0bbep+4 0x1.ea73cb153ee5bp-54
    power 0x1.47c5daa804b7cp+6 0x1.c8a93b6f6a6fbp-50 0x1.dade1c1d8eb03p+15 0x1.09d904e94e805p-39
    power 0x1.80e1c8436fa73p+6 -0x1.9ce68f3c833dbp-51 0x1.62c15e780d147p+16 0x1.4587da7123e4ap-38
    power 0x1.c84242edbd9a9p+5 -0x1.171f449b66373p-49 0x1.7fd0f0e09b44bp+14 -0x1.cbadcf398d8ccp-40
    """
}
