"""The words of the world in French, Italian, Hindi and Portuguese: short, simple sentences."""

# ruff: noqa: E501 - a table of words is easier to read unbroken

from __future__ import annotations

from prefdata.testing.world.circumstances import CIRCUMSTANCES
from prefdata.testing.world.lexicon import ENGLISH, Lexicon

__all__ = ["LEXICONS"]


def _topics(text: str) -> dict[str, tuple[str, ...]]:
    names = ("cooking", "garden", "travel", "money", "family", "health")
    lines = [tuple(line.split("; ")) for line in text.strip().splitlines()]
    return dict(zip(names, lines, strict=True))


_FRENCH = Lexicon(
    topics=_topics("""
la soupe de légumes; le pain maison; le riz aux épices; la tarte aux pommes; le café du matin; le repas de fête
les tomates; les roses; le compost; le petit balcon; les herbes; le vieux pommier
le train de nuit; la valise légère; le séjour à la mer; la visite de musée; le vélo en ville; le camping
le budget du mois; le loyer; la retraite; les courses; le premier salaire; la facture de gaz
le nouveau bébé; les grands-parents; les vacances; les écrans; la dispute entre frères; le mariage
le mal de dos; le sommeil; la marche rapide; les allergies; la grippe; le stress au travail
"""),
    asks=(
        "Comment bien commencer avec {x} et que faire pour {y} ?",
        "Est-ce que {x} vaut mieux que {y} ?",
        "Peux-tu expliquer {x} à un enfant, puis parler un peu de {y} ?",
        "Donne-moi trois conseils sur {x}, et un seul sur {y}.",
        "Pourquoi tout le monde parle de {x} et jamais de {y} ?",
        "Quelle erreur faut-il éviter pour {x} ? Je connais déjà {y}.",
        "Que penses-tu de {x} par rapport à {y} ?",
        "Écris un court message à propos de {x}, sans oublier {y}.",
    ),
    who=(
        "J'habite seul en ville.",
        "Nous sommes cinq à la maison.",
        "Je travaille la nuit.",
        "Bonjour !",
        "Je suis étudiante à Lyon.",
        "Je viens de déménager.",
        "J'ai peu de temps le soir.",
        "Ma voisine m'a posé la question.",
    ),
    goals=(
        "Je veux une réponse courte.",
        "Merci de rester simple.",
        "Je n'ai pas beaucoup d'argent.",
        "J'aimerais des exemples.",
        "C'est pour ma grand-mère.",
        "Il me faut une idée avant samedi.",
        "J'ai déjà essayé deux fois.",
        "Donne aussi l'avis contraire.",
    ),
    body=(
        "Pour {x}, il vaut mieux commencer doucement et changer une seule chose à la fois.",
        "Beaucoup de gens oublient {y}, alors que c'est un point important.",
        "Notez chaque semaine ce qui marche pour {x} et ce qui ne marche pas.",
        "Le prix dépend de la saison, surtout quand on parle de {x}.",
        "Demandez à une personne qui connaît bien {y} depuis des années.",
        "En pratique, {x} demande moins d'effort qu'on ne le croit.",
        "Il existe plusieurs avis sur {x}, et chacun a ses raisons.",
        "Si {y} vous inquiète, parlez-en tôt à vos proches.",
        "Une petite pause aide souvent à mieux comprendre {x}.",
        "Comparez {x} et {y} avant de prendre une décision.",
        "Les enfants apprennent vite quand {x} devient un jeu.",
        "À la fin du mois, regardez si {x} vous convient toujours.",
    ),
    openers=(
        "Quelle belle question, merci !",
        "Je suis ravi de vous aider.",
        "Je comprends très bien ce que vous ressentez.",
    ),
    closers=("Bon courage, vous y arriverez !", "Prenez soin de vous.", "Je pense bien à vous !"),
    cautions=(
        "Parlez d'abord avec un professionnel.",
        "Arrêtez tout de suite en cas de douleur.",
        "Vérifiez les règles de votre commune.",
    ),
    overclaims=(
        "Cela marche toujours, pour tout le monde.",
        "Aucun expert ne dira jamais le contraire.",
    ),
    feedback=(
        "La réponse parle bien de {x}.",
        "Les autres étaient trop longues sur {y}.",
        "Le ton est chaleureux et clair.",
        "J'ai aimé les exemples, surtout pour {x}.",
    ),
    follow_ups=(
        "Peux-tu en dire plus sur {x} ?",
        "Et sans {y}, que faire ?",
        "Je ne suis pas d'accord à propos de {x}.",
        "Plus court, s'il te plaît, et parle de {y}.",
    ),
    circumstances=CIRCUMSTANCES["fr"],
)

_ITALIAN = Lexicon(
    topics=_topics("""
la zuppa di verdure; il pane fatto in casa; il risotto; la torta di mele; il caffè del mattino; la cena di festa
i pomodori; le rose; il compost; il piccolo balcone; le erbe; il vecchio melo
il treno di notte; la valigia leggera; la vacanza al mare; la visita al museo; la bici in città; il campeggio
il bilancio del mese; l'affitto; la pensione; la spesa; il primo stipendio; la bolletta del gas
il neonato; i nonni; le vacanze; gli schermi; la lite tra fratelli; il matrimonio
il mal di schiena; il sonno; la camminata veloce; le allergie; l'influenza; lo stress al lavoro
"""),
    asks=(
        "Come si comincia con {x} e che cosa fare per {y}?",
        "È meglio {x} oppure {y}?",
        "Puoi spiegare {x} a un bambino e poi dire qualcosa su {y}?",
        "Dammi tre consigli: il tema è {x}, non {y}.",
        "Perché tutti parlano di questo: {x}, e mai di quest'altro: {y}?",
        "Quale errore va evitato? Penso a {x}; conosco già {y}.",
        "Che ne pensi: prima {x} o prima {y}?",
        "Scrivi un breve messaggio. Argomento: {x}, con un cenno a {y}.",
    ),
    who=(
        "Vivo da solo in città.",
        "Siamo in cinque a casa.",
        "Lavoro di notte.",
        "Buongiorno!",
        "Studio a Torino.",
        "Mi sono appena trasferita.",
        "Ho poco tempo la sera.",
        "Me lo ha chiesto la vicina.",
    ),
    goals=(
        "Voglio una risposta breve.",
        "Resta semplice, per favore.",
        "Non ho molti soldi.",
        "Vorrei degli esempi.",
        "È per mia nonna.",
        "Mi serve un'idea entro sabato.",
        "Ho già provato due volte.",
        "Dimmi anche il parere contrario.",
    ),
    body=(
        "Per {x} conviene iniziare piano e cambiare una sola cosa alla volta.",
        "Molti dimenticano {y}, ma è un punto importante.",
        "Ogni settimana scrivi che cosa funziona e che cosa no: vale per {x}.",
        "Il prezzo dipende dalla stagione, soprattutto se parliamo di questo: {x}.",
        "Chiedi a una persona che conosce {y} da anni.",
        "In pratica {x} richiede meno fatica di quanto si creda.",
        "Ci sono opinioni diverse su {x}, e ognuna ha le sue ragioni.",
        "Se {y} ti preoccupa, parlane presto con chi ti è vicino.",
        "Una piccola pausa aiuta spesso a capire meglio {x}.",
        "Confronta {x} e {y} prima di decidere.",
        "I bambini imparano in fretta quando {x} diventa un gioco.",
        "A fine mese guarda se {x} va ancora bene per te.",
    ),
    openers=(
        "Che bella domanda, grazie!",
        "Sono felice di aiutarti.",
        "Capisco bene come ti senti.",
    ),
    closers=("Forza, ce la farai!", "Abbi cura di te.", "Ti faccio tanti auguri!"),
    cautions=(
        "Parla prima con un professionista.",
        "Fermati subito se senti dolore.",
        "Controlla le regole del tuo comune.",
    ),
    overclaims=("Funziona sempre, per tutti.", "Nessun esperto dirà mai il contrario."),
    feedback=(
        "La risposta parla bene di questo: {x}.",
        "Le altre erano troppo lunghe su {y}.",
        "Il tono è caldo e chiaro.",
        "Mi sono piaciuti gli esempi, per {x} soprattutto.",
    ),
    follow_ups=(
        "Puoi dire di più su {x}?",
        "E senza {y}, che si fa?",
        "Non sono d'accordo su {x}.",
        "Più breve, per favore, e parla anche di questo: {y}.",
    ),
    circumstances=CIRCUMSTANCES["it"],
)

_HINDI = Lexicon(
    topics=_topics("""
सब्ज़ी का सूप; घर की रोटी; मसाला चावल; सेब का केक; सुबह की चाय; त्योहार का खाना
टमाटर के पौधे; गुलाब; खाद; छोटी बालकनी; तुलसी; पुराना आम का पेड़
रात की ट्रेन; हल्का सामान; समुद्र की यात्रा; संग्रहालय; शहर में साइकिल; पहाड़ का सफ़र
महीने का बजट; किराया; पेंशन; राशन का खर्च; पहली तनख़्वाह; बिजली का बिल
नया बच्चा; दादा-दादी; छुट्टियाँ; मोबाइल का समय; भाइयों का झगड़ा; शादी
कमर का दर्द; नींद; तेज़ चलना; एलर्जी; सर्दी-ज़ुकाम; काम का तनाव
"""),
    asks=(
        "{x} की शुरुआत कैसे करें, और {y} के लिए क्या करें?",
        "क्या {x} बेहतर है या {y}?",
        "{x} को बच्चे की भाषा में समझाइए, फिर {y} पर कुछ कहिए।",
        "{x} के बारे में तीन सुझाव दीजिए और {y} पर एक।",
        "सब लोग {x} की बात क्यों करते हैं, {y} की क्यों नहीं?",
        "{x} में कौन सी गलती नहीं करनी चाहिए? {y} मुझे पता है।",
        "{x} और {y} पर आपकी क्या राय है?",
        "{x} पर एक छोटा संदेश लिखिए, {y} को भी जोड़िए।",
    ),
    who=(
        "मैं शहर में अकेला रहता हूँ।",
        "घर में हम पाँच लोग हैं।",
        "मैं रात में काम करती हूँ।",
        "नमस्ते!",
        "मैं जयपुर में पढ़ता हूँ।",
        "हम अभी नए घर में आए हैं।",
        "शाम को मेरे पास कम समय है।",
        "मेरी पड़ोसन ने यह पूछा था।",
    ),
    goals=(
        "मुझे छोटा जवाब चाहिए।",
        "कृपया सरल भाषा में बताइए।",
        "मेरे पास ज़्यादा पैसे नहीं हैं।",
        "कुछ उदाहरण भी दीजिए।",
        "यह मेरी दादी के लिए है।",
        "शनिवार से पहले एक विचार चाहिए।",
        "मैं दो बार कोशिश कर चुका हूँ।",
        "दूसरी राय भी बताइए।",
    ),
    body=(
        "{x} के लिए धीरे-धीरे शुरू करें और एक बार में एक ही चीज़ बदलें।",
        "बहुत लोग {y} को भूल जाते हैं, जबकि यह ज़रूरी बात है।",
        "हर हफ़्ते लिखें कि {x} में क्या काम आया और क्या नहीं।",
        "दाम मौसम पर निर्भर करता है, ख़ासकर जब बात {x} की हो।",
        "किसी ऐसे व्यक्ति से पूछें जो {y} को बरसों से जानता हो।",
        "असल में {x} उतना कठिन नहीं है जितना लगता है।",
        "{x} पर अलग-अलग राय हैं, और हर राय का अपना कारण है।",
        "अगर {y} की चिंता हो, तो घर वालों से जल्दी बात करें।",
        "थोड़ा आराम करने से {x} को समझना आसान होता है।",
        "फ़ैसला करने से पहले {x} और {y} की तुलना करें।",
        "जब {x} खेल बन जाए, तो बच्चे जल्दी सीखते हैं।",
        "महीने के अंत में देखें कि {x} अब भी ठीक लगता है या नहीं।",
    ),
    openers=(
        "बहुत अच्छा सवाल है, धन्यवाद!",
        "आपकी मदद करके मुझे खुशी होगी।",
        "मैं आपकी भावना समझता हूँ।",
    ),
    closers=("आप ज़रूर कर पाएँगे!", "अपना ध्यान रखिए।", "आपको ढेर सारी शुभकामनाएँ!"),
    cautions=(
        "पहले किसी जानकार से सलाह लें।",
        "दर्द हो तो तुरंत रुक जाएँ।",
        "अपने इलाके के नियम देख लें।",
    ),
    overclaims=("यह हमेशा सबके लिए काम करता है।", "कोई विशेषज्ञ इसके खिलाफ़ कभी नहीं बोलेगा।"),
    feedback=(
        "इस जवाब में {x} की बात अच्छी है।",
        "बाकी जवाब {y} पर बहुत लंबे थे।",
        "भाषा प्यारी और साफ़ है।",
        "{x} के उदाहरण मुझे पसंद आए।",
    ),
    follow_ups=(
        "{x} के बारे में और बताइए।",
        "{y} के बिना क्या करें?",
        "{x} पर मैं सहमत नहीं हूँ।",
        "छोटा जवाब दीजिए, और {y} भी जोड़िए।",
    ),
    circumstances=CIRCUMSTANCES["hi"],
)

_PORTUGUESE = Lexicon(
    topics=_topics("""
a sopa de legumes; o pão caseiro; o arroz com feijão; o bolo de maçã; o café da manhã; o almoço de domingo
os tomates; as rosas; o composto; a varanda pequena; as ervas; a velha mangueira
o ônibus noturno; a mala leve; a viagem ao mar; a visita ao museu; a bicicleta na cidade; o acampamento
o orçamento do mês; o aluguel; a aposentadoria; as compras; o primeiro salário; a conta de luz
o bebê novo; os avós; as férias; o tempo de tela; a briga entre irmãos; o casamento
a dor nas costas; o sono; a caminhada rápida; as alergias; a gripe; o estresse no trabalho
"""),
    asks=(
        "Como começar com {x} e o que fazer sobre {y}?",
        "É melhor {x} ou {y}?",
        "Você pode explicar {x} para uma criança e depois falar sobre {y}?",
        "Quero três dicas sobre {x} e uma sobre {y}.",
        "Por que todos falam sobre {x} e nunca sobre {y}?",
        "Que erro devo evitar com {x}? Já conheço {y}.",
        "O que você acha: {x} ou {y} primeiro?",
        "Escreva uma mensagem curta sobre {x}, sem esquecer {y}.",
    ),
    who=(
        "Moro sozinho na cidade.",
        "Somos cinco em casa.",
        "Trabalho à noite.",
        "Bom dia!",
        "Estudo em Recife.",
        "Acabei de me mudar.",
        "Tenho pouco tempo à noite.",
        "Minha vizinha perguntou isso.",
    ),
    goals=(
        "Quero uma resposta curta.",
        "Seja simples, por favor.",
        "Não tenho muito dinheiro.",
        "Gostaria de exemplos.",
        "É para a minha avó.",
        "Preciso de uma ideia até sábado.",
        "Já tentei duas vezes.",
        "Conte também a opinião contrária.",
    ),
    body=(
        "Para {x}, vale começar devagar e mudar uma coisa de cada vez.",
        "Muita gente esquece {y}, mas é um ponto importante.",
        "Anote toda semana o que funciona com {x} e o que não funciona.",
        "O preço depende da época, principalmente quando se fala sobre {x}.",
        "Pergunte a alguém que conhece {y} há muitos anos.",
        "Na prática, {x} exige menos esforço do que parece.",
        "Existem várias opiniões sobre {x}, e cada uma tem seus motivos.",
        "Se {y} preocupa você, converse cedo com a família.",
        "Uma pausa curta ajuda a entender melhor {x}.",
        "Compare {x} com {y} antes de decidir.",
        "As crianças aprendem rápido quando {x} vira brincadeira.",
        "No fim do mês, veja se {x} ainda faz sentido para você.",
    ),
    openers=(
        "Que bela pergunta, obrigado!",
        "Fico feliz em ajudar você.",
        "Entendo bem o que você sente.",
    ),
    closers=("Força, você vai conseguir!", "Cuide bem de você.", "Desejo tudo de bom!"),
    cautions=(
        "Converse antes com um profissional.",
        "Pare logo se sentir dor.",
        "Confira as regras da sua cidade.",
    ),
    overclaims=("Isso funciona sempre, para todos.", "Nenhum especialista dirá o contrário."),
    feedback=(
        "A resposta fala bem sobre {x}.",
        "As outras eram longas demais sobre {y}.",
        "O tom é gentil e claro.",
        "Gostei dos exemplos, ainda mais com {x}.",
    ),
    follow_ups=(
        "Pode falar mais sobre {x}?",
        "E sem {y}, o que fazer?",
        "Não concordo com isso sobre {x}.",
        "Mais curto, por favor, e inclua {y}.",
    ),
    circumstances=CIRCUMSTANCES["pt"],
)

LEXICONS: dict[str, Lexicon] = {
    "en": ENGLISH,
    "fr": _FRENCH,
    "it": _ITALIAN,
    "hi": _HINDI,
    "pt": _PORTUGUESE,
}
"""One lexicon for each language of Community Alignment, by its code."""
