"""Words of English injection attacks, by the part they play (see `injection_families`).

Spaces do not matter: the words are searched in text without separators.
"""

from __future__ import annotations

WORDS_EN: dict[str, str] = {
    # leave, drop, act against
    "forget": (
        "ignore|ignoring|disregard|disregarding|forget|bypass|pay no attention to|"
        "do not follow|don't follow|stop following|no longer follow|set aside|"
        "never mind|nevermind|do not obey|don't obey|not abide by|throw away|"
        "forget about"
    ),
    "forget_weak": "override|overrule|bypass|neglect|cancel|erase|drop|remove|delete|discard",
    "prior": (
        "previous|prior|above|preceding|earlier|foregoing|before|so far|you got|"
        "you were given|you have been given|given to you|you received|initial|original|"
        "existing|all of your|all your|your|every|any|other|past|current|system|"
        "developer|these|those|openai's|openai|safety|all"
    ),
    "orders": (
        "instruction|instructions|directive|directives|prompt|prompts|guideline|"
        "guidelines|programming|content policy|content policies|system prompt|"
        "safety protocols|safety measures|safeguards|rules|commands|training"
    ),
    "orders_weak": (
        "direction|directions|rule|command|constraints|orders|restrictions|tasks|"
        "assignments|filters|task|assignment|request|conversation|context"
    ),
    "said": (
        "you have been told|you've been told|you were told|been told|i told you|"
        "said above|said before|said earlier|we've talked about|we talked about|"
        "the above|everything above|everything before|anything above|what i said|"
        "previous conversation|previous context|previous tasks|previous task|"
        "previous question|this question|these questions|the above question|"
        "above question|above questions|questions above|questioning instructions|"
        "your training|your programming|your guidelines|everything from|"
        "all of the above|all the above|the above directive|everything you|"
        "everything we|everything i|my question|my questions|the question"
    ),
    "instead": (
        "just print|just say|just output|output directly|directly output|just go straight|"
        "just paraphrase|just repeat|just recap|do the following instead|instead do|"
        "now your task is|your new task|new instructions|new task|new assignment|new orders|"
        "new tasks|now focus on|instead|and just|then output|and output|straight to the output|"
        "please repeat directly|and say|and print|and tell me|and do|and write|say only|"
        "repeat after me|and respond with|and answer|and reply|focus on your new|only output"
    ),
    "new_task": (
        "now your task is|your new task|new instructions|new task|new assignment|"
        "new orders|new tasks|real instructions|real task"
    ),
    "dont_answer": (
        "don't answer|do not answer|no need to answer|please do not answer this|"
        "stop everything|don't respond to"
    ),
    # what must not come out
    "reveal": (
        "reveal|print|show|output|repeat|display|tell me|give me|disclose|leak|dump|share|"
        "expose|copy|write out|write down|recite|what is|what's|what are|what were|what was|"
        "provide|echo|spell out|paste|return|send me|list|state|summarize|translate|type out|"
        "read out|read me|let me see|i want to see|i need to see|encode|begin with"
    ),
    "ask": (
        "reveal|print|show me|tell me|give me|what is|what's|disclose|leak|spell out|"
        "share|let me know|can you tell|write down"
    ),
    "prompt": (
        "system prompt|system prompts|system message|system instruction|"
        "system instructions|initial prompt|initial instructions|original prompt|"
        "original instructions|hidden prompt|hidden instructions|secret instructions|"
        "secret prompt|your prompt|your instructions|your exact instructions|"
        "your full prompt|your entire prompt|your whole prompt|your complete prompt|"
        "your internal instructions|your hidden|developer message|developer prompt|"
        "pre-prompt|preprompt|prompt above|text above|words above|instructions above|"
        "everything above|sentences above|your guidelines|your rules|your directives|"
        "beginning of this prompt|start of this prompt|beginning of our conversation|"
        "before this conversation|start of the prompt|begin of this prompt|"
        "beginning of the prompt|previous prompt|above prompt|"
        "instructions you were given|instructions you were told|prompt texts|"
        "your prompts|your initial prompt|your initial instructions|your prompt text|"
        "whole prompt|entire prompt|complete prompt"
    ),
    "secret": (
        "secret key|secret password|the secret word|your password|your secret|"
        "secret code|passphrase|your credentials|secret phrase|the user's password|"
        "the user's email|the user's birth|the user's name|the user's address|"
        "the user's phone|the password"
    ),
    # another self
    "become": (
        "act as|acting as|you are now|you are going to|you're now|you're going to|"
        "pretend to be|pretend you|pretend that you|from now on|play the role|"
        "take on the role|immerse yourself|simulate being|roleplay|role play|role-play|"
        "assume the identity|assume the role|you are about to|your name is|switch to|"
        "embody|behave as|you will act|respond as|i want you to|adopt the persona|"
        "in the role of|this model named|replaced by|transform into|speak as|answer as|"
        "you will be|imagine you|hello chatgpt|hi chatgpt|you shall"
    ),
    "become_strong": (
        "you are now|you are going to|you're going to|pretend to be|from now on|"
        "immerse yourself|simulate being|assume the identity|you are about to|"
        "replaced by|new persona|in character as|hello chatgpt|hi chatgpt|"
        "from this point on|henceforth|from here on"
    ),
    "persona_ai": (
        "another ai|another al model|different kind of ai|new chatbot named|"
        "model known as|another ai model|fictional ai|evil chatbot|arch nemesis|"
        "evil version|chatbot named|ai known as|ai named|ai model named|bot named"
    ),
    "free": (
        "no restrictions|without restrictions|without any restrictions|no limits|"
        "no limitations|without limitations|without any limitations|unrestricted|"
        "unfiltered|uncensored|amoral|nonmoral|non-moral|immoral|unethical|no ethical|"
        "no moral|no morals|no ethics|no filter|no filters|without filter|"
        "without filters|free of all restrictions|free from all|free of all|"
        "any ethical or moral|ethical or moral guidelines|moral guidelines|"
        "ethical guidelines|not bound by|not bounded by|no longer bound|not confined|"
        "do not have to abide|does not have to abide|doesn't have to abide|"
        "not have to follow|doesn't follow|does not follow any|not restricted|"
        "typical confines|broken free|freed from|been freed|no rules|without rules|"
        "no guidelines|without any guidelines|without censorship|no censorship|"
        "without ethical|without moral|without morals|regardless of legality|"
        "legal or ethical|ethics or legality|illegal or immoral|immoral or illegal|"
        "unethical or illegal|has no boundaries|no boundaries|bypass the filters|"
        "no content policy|ignore all morality|without any filter|without limits|"
        "no conscience|no constraints|without constraints|free from restrictions|"
        "not have the same limitations|do not apply to you|rules imposed on|"
        "limitations of ai|removed from all|unbound by|unshackled|morals or ethics|"
        "any morals|avoid norms|no longer have to|rules set for them|rules set for|"
        "openai policies|openai's policies|openai policy|content policy"
    ),
    "mode": (
        "do anything now|dan mode|jailbreak mode|jailbroken|jailbreak enabled|"
        "god mode enabled|evil mode|opposite mode|anti-dan|sudo mode enabled|"
        "chaos mode|dude mode|stands for do anything|stay a dan|be a dan|as dan would|"
        "act like dan|stay in dan|developer mode enabled|developer mode output|"
        "with developer mode|unrestricted mode|unlocked mode"
    ),
    "mode_weak": (
        "developer mode|debug mode|sudo mode|admin mode|maintenance mode|root mode|"
        "devmode|dev mode|system mode|god mode|jailbreak"
    ),
    "enable": ("enabled|enable|activate|activated|enter|entering|switch|unlock|unlocked|now in"),
    "model": (
        "ai|ai model|chatgpt|gpt|gpt-4|language model|chatbot|assistant|openai|ai assistant|bot|"
        "llm|claude|bard|gemini|artificial intelligence|chat gpt"
    ),
    "never_refuse": (
        "never refuse|cannot refuse|can't refuse|not refuse|without refusing|never say no|"
        "can't say no|cannot say no|never decline|never say that it can't|never say it can't|"
        "never tell me that|will never tell me it can't|not reject|never reject|never deny|"
        "don't say you can't|do not say you can't|no matter how illegal|no matter what i ask|"
        "never warns|never warn|always comply|must comply|always obey|must obey|always answer|"
        "always respond|must always|must answer every|answer any question|answer all questions|"
        "answer any request|refusal is not|not allowed to refuse|cannot deny|"
        "answers anything|will answer anything|fulfill any request|complies with any|comply with every"
    ),
    "no_warnings": (
        "no disclaimers|without disclaimers|without warnings|no warnings|without any warnings|"
        "do not include any warnings|don't include warnings|no apologies|do not apologize|"
        "never apologize|don't apologize|not include disclaimers|no ethical concerns|"
        "without moralizing|no moralizing|no warnings or disclaimers|don't mention ethics|"
        "never mention that you are an ai|not say as an ai|as an ai language model|"
        "break character|breaking character|stay in character|out of character|"
        "no added explanations|no pre or post text|remain in character|never break"
    ),
    "two_answers": (
        "two responses|two different responses|two separate ways|two ways|two types of responses|"
        "two paragraphs|both responses|two answers|dual responses|both ways|"
        "one normal and|the first response|classic]|jailbreak]"
    ),
    "fiction": (
        "hypothetical world|fictional world|imaginary world|hypothetical response|fictional story|"
        "hypothetical scenario|fictional scenario|alternate reality|hypothetical dialogue|"
        "hypothetical story|in this world|in this fictional|imaginative world|theoretical world|"
        "fictional character|parallel universe|a storyteller named|a world where"
    ),
    "lawless": (
        "everything is legal|no laws|no rules|anything is allowed|illegal|immoral|no consequences|"
        "have consequences|without laws|nothing is off limits|nothing is forbidden|hacker|unethical|"
        "no ethical|anything goes|lawless|harmful|dangerous|opposite of|no moral"
    ),
    # words to the model in somebody else's text
    "you_model": (
        "the assistant|ai assistant|ai assistants|ai agent|ai agents|dear assistant|"
        "ai reading this|ai reviewer|to you, the assistant|attention ai|note to ai|"
        "hey ai|bot reading this|attention assistant|llm reading|"
        "language model reading"
    ),
    "if_model": (
        "if you are an ai|if you're an ai|if you are a language model|"
        "if you are an llm|if an ai is reading|if you are an assistant|any ai reading|"
        "if this is read by an ai"
    ),
    "ask_user": (
        "ask the user for|ask the user to|have the user|tell the user to|"
        "instruct the user|request from the user|prompt the user for"
    ),
    "must": "must|please|shall|attention|important|immediately|do the following|should",
    "before_task": (
        "before you can solve the task|before you solve|before you continue|"
        "after you do that, you can|do this first|please do the following first"
    ),
    "important_from": "important message from|message from me|this is an important message|urgent message to",
    "hide": (
        "do not mention this|don't mention this|do not tell the user|"
        "don't tell the user|without telling the user|do not inform the user|"
        "don't inform the user|not mention these instructions|do not reveal this|"
        "hide this from|keep this secret from|without the user knowing|"
        "without informing the user|without notifying the user|do not disclose this to|"
        "not let the user know|user must not know|without asking me|"
        "without asking the user|don't ask the user|do not alert the user"
    ),
    "your_answer": (
        "in your response|to your response|in your reply|to your reply|in your answer|"
        "modify your answer|modify your response|your final answer|in your summary|"
        "your reply with|your response with|your reply to|your response to"
    ),
    "tamper": (
        "add|append|include|modify|insert|end|start|begin|use|replace|embed|combine|"
        "craft|misspell|conclude|sprinkle|tease|hint|promote|frame|mix|substitute|"
        "structure|change|remove|group|scramble|swap|rearrange|introduce|write|provide|"
        "incorporate|respond"
    ),
    "send": (
        "send|forward|upload|post|transmit|email|submit|exfiltrate|copy|transfer|share|"
        "deliver|report|leak|invite|concatenate|collect"
    ),
    "private": (
        "conversation history|chat history|conversation|user's password|password|passwords|"
        "api keys|api key|credentials|credit card|personal information|personal data|"
        "private data|verification code|security code|contacts|contact list|user's email|"
        "user's address|access token|session token|cookies|all emails|unread emails|"
        "environment variables|.env|ssh key|bank account|confidential|files in my|"
        "largest files|transaction history|favorite foods|all messages|secret|bookings|passport"
    ),
    "user_private": "the user's|of the user",
    "decode": (
        "decode this|decode the following|decode the base64|decode and|base64 decode|base64-decode|"
        "decrypt the following|decipher the following|translate from base64|rot13|decode it"
    ),
    "obey": (
        "follow the instructions|follow it|execute it|then execute|and execute|do what it says|"
        "carry out|follow what|and follow|obey|act on it|run it|perform the|and do it|and answer"
    ),
    "confuse": (
        "stop everything|end of prompt|end of instructions|session reset|begin admin|"
        "system override|override code|training data override|ready for new"
    ),
    "neg": "do not|don't|never|must not|should not|cannot|can't|can not|won't|not to|mustn't|shouldn't|will not|refuse to|unable to|did not|didn't|may not",
    "talk": (
        "phrase|phrases|the term|such as|example|examples|e.g.|for instance|analyze|analyse|"
        "queries like|prompts like|patterns|explain why|attacks like|string literal|so-called|"
        "called|quote|says|like|means|refers|training module|tutorial"
    ),
}
